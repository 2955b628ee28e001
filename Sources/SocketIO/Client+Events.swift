internal import SocketIOCore
internal import Synchronization

/// Events in both directions.
extension Client {
    /// An event of the client, for the application.
    ///
    /// - Parameter id: of the callback that waits for an answer.
    func received(_ name: String, _ arguments: [JSON], id: String?, in index: Int, at now: Instant) {
        let local = memberships[index].local
        guard memberships[index].socket?.hears(name) ?? local.namespace.handlers.hears(name) else { return }
        let socket = socket(at: index)
        let acknowledgement = id.map { id in
            Acknowledgement { [sid, namespace = local.name, onLoop = shard.onLoop] answer in
                onLoop { shard, now in
                    shard.client(sid)?.acknowledge(id, answer, namespace: namespace, at: now)
                }
            }
        }
        let event = Event(name: name, arguments: arguments, acknowledgement: acknowledgement)
        if !socket.received(event, atMost: shard.server.settings.maxWaitingEvents) {
            close(.forcedServerClose, at: now)
        }
    }

    /// An event for this client alone.
    ///
    /// - Parameter event: its name, then its arguments.
    func emit(_ event: [JSON], namespace: String, isVolatile: Bool = false, at now: Instant) {
        guard let index = membership(of: namespace), !isVolatile || canTakeNow else { return }
        send(
            form.packets(event, id: nil, namespace: namespace, offset: nil), in: index, last: event.last,
            at: now)
    }

    /// One event of many receivers.
    func deliver(_ broadcast: Broadcast, _ packets: [Outgoing], isVolatile: Bool, at now: Instant) {
        guard let index = membership(of: broadcast.namespace), !isVolatile || canTakeNow else { return }
        if let stamp = broadcast.stamp, let stay = memberships[index].socket?.stay,
            stamp.sequence <= stay.heardUpTo.load(ordering: .relaxed) || stay.hasHeard(stamp.mark)
        {
            return
        }
        send(packets, in: index, last: broadcast.event.last, at: now)
    }

    /// Asks the client for an acknowledgement.
    func ask(
        _ event: [JSON], _ question: ClientQuestion, timeout: Duration, namespace: String, at now: Instant
    ) {
        guard let index = membership(of: namespace), let id = socket(at: index).opened(question) else {
            return question.resolve(.failure(.disconnected))
        }
        shard.arm(QuestionTimer(question, of: socket(at: index), id: id), at: now + timeout)
        send(
            form.packets(event, id: id, namespace: namespace, offset: nil), in: index, last: event.last,
            at: now)
    }

    /// The client answers a question; an answer to none, or a second one, is harmless.
    func answered(_ id: String, _ arguments: [JSON], in index: Int) {
        guard let number = Int(id), let question = memberships[index].socket?.closed(number) else { return }
        question.resolve(.success(Reply(arguments: arguments)))
    }

    private func acknowledge(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant) {
        guard membership(of: namespace) != nil else { return }
        sendAcknowledgement(id, arguments, namespace: namespace, at: now)
        settle(at: now)
    }

    private var canTakeNow: Bool { hasWay && !hasPackets }

    private func send(_ packets: [Outgoing], in index: Int, last: JSON?, at now: Instant) {
        for packet in packets { queue(packet, at: now) }
        // A Socket.IO 4 client takes any last argument that is a text for its recovery offset. Where its offset is
        // a reader's cursor, an event of its own puts that back in its place, before anything can cut in.
        if form == .engine4, index < memberships.count, let frames = memberships[index].frames,
            last?.string != nil
        {
            let cursor = memberships[index].reader.cursor(in: frames.feed)
            let name = memberships[index].namespace
            for packet in form.packets(["cursor", .string(cursor)], id: nil, namespace: name, offset: nil) {
                queue(packet, at: now)
            }
        }
        settle(at: now)
    }
}
