internal import SocketIOCore

/// A client in one namespace.
struct Membership {
    let namespace: String
    var reader: FeedReader?
    var frames: FrameCache?
    /// Made at the first event that has a handler.
    var socket: Socket?
}

/// One Socket.IO client of any generation: what is the same for all of them.
///
/// The dialects differ in transports and packets, and are classes of their own; namespaces and reading are here.
/// A feed is pulled: a client gets its next entry when the one before has gone out and the next is due.
///
/// Owner: the event loop of its shard.
protocol Client: LinkDelegate, Timed {
    var sid: String { get }
    var shard: Shard { get }
    /// The cursor of the handshake's query, for a client that has no other way to send one.
    var cursor: String? { get }
    var memberships: [Membership] { get set }

    var isEnded: Bool { get }
    /// A held poll, or a WebSocket or stream with nothing before it.
    var hasWay: Bool { get }
    /// Packets leave in answers to polls, not over a WebSocket or a stream.
    var isPolling: Bool { get }
    /// When the session wants to be woken, the reading aside.
    var sessionDeadline: Instant { get }
    /// In which form the frames of an entry are made and shared: one cache each.
    var form: String { get }
    /// Makes one entry's frame in that form.
    func frameMaker(namespace: String) -> @Sendable (FeedEvent) -> Frame

    func writeDirectly(_ frame: Frame)
    func queue(_ packet: Outgoing, at now: Instant)
    func sendEvent(_ name: String, _ arguments: [JSON], namespace: String, at now: Instant)
    func sendAcknowledgement(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant)
    /// Sends what waits, if there is a way.
    func flush(at now: Instant)
    func sendDisconnect(namespace: String, at now: Instant)
    func close(_ reason: CloseReason, at now: Instant)
}

extension Client {
    /// Reads out what is due, sends what waits, and says when to come back.
    func settle(at now: Instant) {
        guard !isEnded else { return }
        // What waits goes before the next entry; but a poll takes both in one answer.
        if !isPolling { flush(at: now) }
        for index in memberships.indices.reversed() where index < memberships.count { pump(index, at: now) }
        flush(at: now)
        guard !isEnded else { return }
        var next = sessionDeadline
        if hasWay {
            for membership in memberships { next = min(next, membership.reader?.due ?? .distantFuture) }
        }
        shard.arm(self, at: next)
    }

    /// Reads a namespace's feed to this client while there is a way. A shared frame goes straight to the link; a
    /// poll takes one entry, behind whatever waits for it.
    private func pump(_ index: Int, at now: Instant) {
        guard let frames = memberships[index].frames else { return }
        // Bounded, so that one who catches up keeps nobody waiting.
        for _ in 0..<64 {
            guard hasWay else { return }
            switch memberships[index].reader?.next(of: frames.feed, at: now) {
            case .entry(let entry):
                memberships[index].reader?.advance(in: frames.feed)
                if !isPolling {
                    writeDirectly(frames[entry])
                    continue
                }
                queue(.frame(frames[entry]), at: now)
                guard !isEnded else { return }
                if case .end = memberships[index].reader?.next(of: frames.feed, at: now) {
                    endReading(index, at: now)
                }
                return
            case .end: return endReading(index, at: now)
            case .later, nil: return
            }
        }
    }

    /// Behind the last entry the server leaves the namespace, and closes when it was the only one, as the sample
    /// does.
    private func endReading(_ index: Int, at now: Instant) {
        let name = memberships[index].namespace
        leave(index)
        sendDisconnect(namespace: name, at: now)
        if memberships.isEmpty { close(.serverNamespaceDisconnect, at: now) }
    }

    // MARK: Namespaces

    func membership(of namespace: String) -> Int? { memberships.firstIndex { $0.namespace == namespace } }

    /// Joins, and begins the namespace's reading behind `cursor`.
    ///
    /// - Returns: whether the cursor was understood.
    @discardableResult
    func join(_ namespace: Namespace, after cursor: String?, at now: Instant) -> Bool {
        // The answer to the join may have been one too many for a client that takes nothing.
        guard !isEnded else { return true }
        var membership = Membership(namespace: namespace.name)
        var isValid = true
        if let feed = namespace.feed {
            let start = feed.begin(after: cursor, at: now)
            isValid = start.isCursorValid
            membership.reader = FeedReader(start.place)
            membership.frames = frames(of: feed, namespace: namespace.name)
            shard.readers += 1
        }
        memberships.append(membership)
        return isValid
    }

    // MARK: Events

    /// An event of the client, for the application.
    ///
    /// - Parameter id: of the callback that waits for an answer.
    func received(_ name: String, _ arguments: [JSON], id: String?, in index: Int, at now: Instant) {
        let namespace = memberships[index].namespace
        guard let application = shard.server.namespaces[namespace], application.handlers[name] != nil else {
            return
        }
        let sid = sid
        let onLoop = shard.onLoop
        let acknowledgement = id.map { id in
            Acknowledgement { answer in
                onLoop { shard, now in
                    shard.client(sid)?.acknowledge(id, answer, namespace: namespace, at: now)
                }
            }
        }
        let socket =
            memberships[index].socket
            ?? Socket(id: shard.newID(), namespace: application, sid: sid, onLoop: onLoop)
        memberships[index].socket = socket
        let event = Event(name: name, arguments: arguments, acknowledgement: acknowledgement)
        if !socket.received(event) { close(.forcedServerClose, at: now) }
    }

    func emit(_ name: String, _ arguments: [JSON], namespace: String, at now: Instant) {
        guard membership(of: namespace) != nil else { return }
        sendEvent(name, arguments, namespace: namespace, at: now)
        settle(at: now)
    }

    fileprivate func acknowledge(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant) {
        guard membership(of: namespace) != nil else { return }
        sendAcknowledgement(id, arguments, namespace: namespace, at: now)
        settle(at: now)
    }

    func leave(_ index: Int) {
        memberships[index].socket?.ended()
        if memberships[index].reader != nil { shard.readers -= 1 }
        memberships.remove(at: index)
    }

    /// The shared frames of a feed, in the form this client reads.
    func frames(of feed: any Feed, namespace: String) -> FrameCache {
        let make = frameMaker(namespace: namespace)
        return shard.frames("\(form) \(namespace)", of: feed) { make(feed.event(at: $0)) }
    }

    func leaveAll() { while !memberships.isEmpty { leave(memberships.count - 1) } }
}
