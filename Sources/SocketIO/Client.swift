internal import SocketIOCore

/// One Socket.IO client: performs what its ``Session`` decides, reads its packets, and reads it the feeds of the
/// namespaces it has joined.
///
/// Owner: the event loop of its shard.
final class Client: Timed, LinkDelegate {
    let sid: String
    var scheduled = Instant.distantFuture
    private let shard: Shard
    private var session: Session
    private var decoder = SocketPacketDecoder()
    private var sockets: [NamespaceSocket] = []
    /// The cursor of the handshake's query, for a client that cannot send one in its CONNECT.
    private let cursor: String?
    /// The connections this session is on: at most one in each role.
    private var poll: (any Link)?
    private var post: (any Link)?
    private var socket: (any Link)?
    private var probe: (any Link)?

    init(sid: String, cursor: String?, shard: Shard, session: Session) {
        self.sid = sid
        self.cursor = cursor
        self.shard = shard
        self.session = session
    }

    private var limits: SessionLimits { shard.limits }

    /// The Engine.IO handshake: `0{…}`, with these keys in this order, times in milliseconds.
    func openPacket(upgrades: Bool) -> [UInt8] {
        let settings = shard.server.settings
        let json =
            #"0{"sid":"\#(sid)","upgrades":[\#(upgrades ? #""websocket""# : "")],"#
            + #""pingInterval":\#(settings.pingInterval.wholeMilliseconds),"#
            + #""pingTimeout":\#(settings.pingTimeout.wholeMilliseconds),"maxPayload":\#(settings.maxPayload)}"#
        return Array(json.utf8)
    }

    // MARK: Requests

    /// A WebSocket without a sid: the session begins on it.
    func opened(on link: any Link, at now: Instant) {
        socket = link
        link.delegate = self
        link.write(.text(openPacket(upgrades: false)))
        link.flush()
        settle(at: now)
    }

    /// A WebSocket with the sid of this session: an upgrade, if nothing stands against it.
    func probeOpened(on link: any Link, at now: Instant) {
        if session.probeOpened(at: now, limits: limits) {
            probe = link
            link.delegate = self
            link.flush()
            settle(at: now)
        } else {
            link.closeSocket(code: nil)
        }
    }

    func postBegan(on link: any Link, at now: Instant) {
        run(at: now, answering: link) { session, actions in session.postBegan(&actions) }
        guard !session.isEnded, post == nil else { return }
        post = link
        link.delegate = self
    }

    /// A polling request, whole.
    func polled(_ request: Request, on link: any Link, at now: Instant) {
        guard session.isPolling || !session.isOnSocket, !session.isEnded else {
            return link.respond(EngineAnswer.error(.badRequest))
        }
        switch request.method {
        case "GET":
            if !session.isPollHeld {
                poll = link
                link.delegate = self
            }
            run(at: now, answering: link) { session, actions in session.pollArrived(at: now, &actions) }
        case "POST":
            receivePost(request, on: link, at: now)
        default:
            link.respond(EngineAnswer.empty(500))
        }
    }

    private func receivePost(_ request: Request, on link: any Link, at now: Instant) {
        if post !== link {
            // The body came with the head: nobody was told that it had begun.
            var refused = false
            run(at: now, answering: link) { session, actions in
                session.postBegan(&actions)
                refused = actions.contains(.refuse)
            }
            if refused { return }
        }
        post = nil
        link.delegate = nil
        let type = request.header("Content-Type") ?? ""
        if type.prefix(24).equalsIgnoringCase("application/octet-stream") {
            // Binary framing ended with revision 3. The reference never answers this; we do.
            run(at: now) { session, actions in session.postAborted(isFatal: true, &actions) }
            return link.respond(EngineAnswer.error(.badRequest))
        }
        link.respond(EngineAnswer.ok)
        run(at: now) { session, actions in
            session.postReceived(request.body, at: now, limits: limits, &actions)
        }
    }

    // MARK: Links

    func linkReady(_ link: any Link, at now: Instant) {
        guard link === socket else { return }
        settle(at: now)
    }

    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {
        run(at: now) { session, actions in
            if link === probe {
                session.probeReceived(text, at: now, &actions)
            } else if link === socket {
                session.textReceived(text, at: now, &actions)
            }
        }
    }

    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {
        if link === probe {
            // A probe is a text; anything else is not one.
            run(at: now) { session, actions in session.probeReceived([], at: now, &actions) }
        } else if link === socket {
            run(at: now) { session, actions in session.binaryReceived(bytes, &actions) }
        }
    }

    func linkClosed(_ link: any Link, at now: Instant) {
        run(at: now) { session, actions in
            if link === poll {
                poll = nil
                session.pollAborted(&actions)
            } else if link === post {
                post = nil
                session.postAborted(isFatal: true, &actions)
            } else if link === probe {
                probe = nil
                session.probeClosed()
            } else if link === socket {
                socket = nil
                session.socketClosed(&actions)
            }
        }
    }

    func linkRefusedBody(_ link: any Link, at now: Instant) {
        guard link === post else { return }
        post = nil
        run(at: now) { session, actions in session.postAborted(isFatal: false, &actions) }
    }

    func linkMustEnd(_ link: any Link, at now: Instant) { close(.serverShuttingDown, at: now) }

    // MARK: Time and end

    func deadlineReached(at now: Instant) {
        if now >= session.nextDeadline {
            run(at: now) { session, actions in session.deadlineReached(at: now, limits: limits, &actions) }
        } else {
            settle(at: now)
        }
    }

    func close(_ reason: CloseReason, at now: Instant) {
        run(at: now) { session, actions in session.close(reason, at: now, limits: limits, &actions) }
    }

    // MARK: Performing

    /// Asks the session, performs what it wants, and then sends and arms what has changed because of it.
    private func run(
        at now: Instant, answering arrived: (any Link)? = nil,
        _ ask: (inout Session, inout [Session.Action]) -> Void
    ) {
        var actions: [Session.Action] = []
        ask(&session, &actions)
        perform(actions, answering: arrived, at: now)
        settle(at: now)
    }

    private func perform(_ actions: [Session.Action], answering arrived: (any Link)?, at now: Instant) {
        for action in actions {
            switch action {
            case .answerPoll(let packets):
                let held = poll
                poll = nil
                held?.delegate = nil
                held?.respond(EngineAnswer.payload(Dialect.engine4.payload(of: packets)))
            case .refuse: arrived?.respond(EngineAnswer.empty(400))
            case .write(let packet): write(packet)
            case .closeSocket: close(&socket)
            case .closeProbe: close(&probe)
            case .answerProbe:
                probe?.write(.text(EngineConstant.probeAnswer))
                probe?.flush()
            case .adoptProbe:
                socket = probe
                probe = nil
            case .deliverText(let text): receive(text: text, at: now)
            case .deliverBinary(let bytes): receive(binary: bytes, at: now)
            case .ended: ended()
            }
        }
    }

    private func write(_ packet: Outgoing) {
        if case .frame(let frame) = packet { socket?.write(frame) } else { socket?.write(packet) }
    }

    private func close(_ link: inout (any Link)?) {
        link?.delegate = nil
        link?.closeSocket(code: nil)
        link = nil
    }

    private func ended() {
        close(&socket)
        close(&probe)
        // A POST that is still coming in is answered when it is whole: its sid is unknown then.
        post?.delegate = nil
        post = nil
        for socket in sockets where socket.reader != nil { shard.readers -= 1 }
        sockets = []
        shard.forget(self)
    }

    /// Reads out what is due, sends what waits, and says when to come back.
    func settle(at now: Instant) {
        guard !session.isEnded else { return }
        for index in sockets.indices.reversed() where index < sockets.count { pump(index, at: now) }
        if session.hasPackets {
            var actions: [Session.Action] = []
            session.flush(socketIsReady: socket?.isReady ?? false, &actions)
            perform(actions, answering: nil, at: now)
        }
        guard !session.isEnded else { return }
        var next = session.nextDeadline
        if hasWay { for socket in sockets { next = min(next, socket.reader?.due ?? .distantFuture) } }
        shard.arm(self, at: next)
    }

    // MARK: Reading

    /// A held poll, or a WebSocket with nothing before it.
    private var hasWay: Bool {
        session.isOnSocket ? socket?.isReady ?? false : session.isPolling && session.isPollHeld
    }

    /// Reads a namespace's feed to this client while there is a way. On a WebSocket the shared frame goes straight
    /// to the link; a poll takes one entry, behind whatever waits for it.
    private func pump(_ index: Int, at now: Instant) {
        guard let frames = sockets[index].frames else { return }
        for _ in 0..<64 {
            guard hasWay else { return }
            switch sockets[index].reader?.next(at: now) {
            case .entry(let entry):
                sockets[index].reader?.advance()
                if session.isOnSocket, !session.hasPackets {
                    socket?.write(frames[entry])
                    continue
                }
                queue(.frame(frames[entry]), at: now)
                if case .end = sockets[index].reader?.next(at: now) { endReading(index, at: now) }
                return
            case .end: return endReading(index, at: now)
            case .later, nil: return
            }
        }
    }

    /// Behind the last entry the server leaves the namespace and closes, as the sample does.
    private func endReading(_ index: Int, at now: Instant) {
        let name = sockets[index].name
        sockets.remove(at: index)
        shard.readers -= 1
        send(SocketPacket(.disconnect, namespace: name), at: now)
        if sockets.isEmpty { close(.serverNamespaceDisconnect, at: now) }
    }

    // MARK: Socket.IO

    private func send(_ packet: SocketPacket, at now: Instant) {
        let (text, attachments) = packet.encoded()
        queue(.text([UInt8(ascii: "4")] + text), at: now)
        for attachment in attachments { queue(.binary(attachment), at: now) }
    }

    private func queue(_ packet: Outgoing, at now: Instant) {
        var actions: [Session.Action] = []
        session.send(packet, limits: limits, &actions)
        perform(actions, answering: nil, at: now)
    }

    private func receive(text: [UInt8], at now: Instant) {
        do {
            if let packet = try decoder.text(text[...]) { receive(packet, at: now) }
        } catch {
            close(.parseError, at: now)
        }
    }

    private func receive(binary bytes: [UInt8], at now: Instant) {
        do {
            if let packet = try decoder.binary(bytes) { receive(packet, at: now) }
        } catch {
            close(.parseError, at: now)
        }
    }

    private func receive(_ packet: SocketPacket, at now: Instant) {
        let joined = sockets.firstIndex { $0.name == packet.namespace }
        switch (packet.kind, joined) {
        case (.connect, nil): join(packet, at: now)
        case (.disconnect, let index?):
            if sockets[index].reader != nil { shard.readers -= 1 }
            sockets.remove(at: index)
        // Nothing listens to events here: what is read aloud takes no questions.
        case (.event, .some), (.binaryEvent, .some), (.ack, .some), (.binaryAck, .some): break
        // A second CONNECT, or anything but CONNECT outside a namespace that is joined.
        default: close(.parseError, at: now)
        }
    }

    private func join(_ packet: SocketPacket, at now: Instant) {
        guard let namespace = shard.server.namespaces[packet.namespace] else {
            return refuse(packet.namespace, "Invalid namespace", at: now)
        }
        guard sockets.count < shard.server.settings.maxNamespaces else {
            return refuse(packet.namespace, "Too many namespaces", at: now)
        }
        var socket = NamespaceSocket(name: namespace.name)
        var pid = shard.newID()
        if let feed = namespace.feed {
            let offset = packet.data?["offset"]?.string
            let (place, isValid) = feed.begin(after: offset ?? cursor, at: now)
            // The pid says "recovered" to a client that gets its own one back. Any node can do that: the cursor
            // is all there is to know.
            if isValid, offset != nil, let known = packet.data?["pid"]?.string,
                SessionID.place(of: known) != nil
            {
                pid = known
            }
            socket.reader = FeedReader(feed: feed, place: place)
            socket.frames = shard.frames("engine4 " + namespace.name, count: feed.count) { index in
                Self.frame(of: feed.event(at: index), namespace: namespace.name)
            }
            shard.readers += 1
        }
        session.namespaceJoined()
        let reply: JSON = .object([.init("sid", .string(shard.newID())), .init("pid", .string(pid))])
        send(SocketPacket(.connect, namespace: namespace.name, data: reply), at: now)
        sockets.append(socket)
    }

    private func refuse(_ namespace: String, _ message: String, at now: Instant) {
        let data: JSON = .object([.init("message", .string(message))])
        send(SocketPacket(.connectError, namespace: namespace, data: data), at: now)
    }

    /// One entry as an event, with the cursor as recovery offset: one more last argument.
    private static func frame(of event: FeedEvent, namespace: String) -> Frame {
        let data: JSON = .array([.string(event.name), .string(event.text), .string(event.cursor)])
        let packet = SocketPacket(.event, namespace: namespace, data: data)
        return .message([UInt8(ascii: "4")] + packet.encoded().text)
    }
}

/// A client in one namespace.
struct NamespaceSocket {
    let name: String
    var reader: FeedReader?
    var frames: FrameCache?
}

extension JSON {
    /// The text, if this is one.
    fileprivate var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
