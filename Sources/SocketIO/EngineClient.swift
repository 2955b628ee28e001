internal import SocketIOCore

/// One client over Engine.IO 2, 3 or 4: performs what its ``Session`` decides and reads its Socket.IO packets.
final class EngineClient: PollingClient {
    let id: SessionID
    let shard: Shard
    private let particulars: Particulars?
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    var memberships = Memberships()
    var joining: [Joining] = []
    var scheduled = Instant.distantFuture
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    var session: Session
    var decoder: SocketPacketDecoder
    /// The digit of the handshake; what is asked later in another revision's name is refused.
    private let revisionDigit: UInt8
    var joins: UInt32 = 0
    /// Gone with the upgrade.
    private var polling: Polling?
    /// The WebSocket this session is on.
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var socket: (any Link)?

    init(
        _ request: Request, _ endpoint: EngineEndpoint?, _ id: SessionID, dialect: Dialect, onSocket: Bool,
        shard: Shard, at now: Instant
    ) {
        self.id = id
        self.shard = shard
        particulars = Particulars(
            Arrival(request, isKept: shard.server.registry.hub.keepsHandshakes), endpoint)
        revisionDigit = request.parameter("EIO")?.utf8.first ?? 0
        let digits = request.parameter("j")?.filter { ("0"..."9").contains($0) }
        let callback = onSocket || digits?.isEmpty == true ? nil : digits
        polling = onSocket ? nil : Polling(callback: callback, tag: request.parameter("t"))
        let isTextOnly = callback != nil || request.parameter("b64") == "1"
        session = Session(
            EngineFormat(dialect, isTextOnly: isTextOnly), onSocket: onSocket, limits: shard.limits, at: now)
        decoder = SocketPacketDecoder(revision3: dialect != .engine4)
        // There is nothing to be joined.
        if endpoint != nil { session.namespaceJoined() }
    }

    private var limits: SessionLimits { shard.limits }
    var cursor: String? { particulars?.arrival?.cursor }
    var request: Request? { particulars?.arrival?.request }
    /// Where its messages are no Socket.IO packets but go to this application as they are.
    var endpoint: EngineEndpoint? { particulars?.endpoint }
    var revision: String { String(UnicodeScalar(revisionDigit)) }
    private var probe: (any Link)? { polling?.probe }
    private var format: EngineFormat { session.format }
    var isRevision4: Bool { format.dialect == .engine4 }

    // MARK: Client

    var isEnded: Bool { session.isEnded }
    var isNewcomer: Bool { joins == 0 && endpoint == nil }
    var hasWay: Bool {
        session.isOnSocket ? socket?.isReady ?? false : session.isPolling && session.isPollHeld
    }
    var isPolling: Bool { !session.isOnSocket }
    var hasPackets: Bool { session.hasPackets }
    var transportName: String { session.isOnSocket ? "websocket" : "polling" }
    var sessionDeadline: Instant { session.nextDeadline }
    /// Revisions 2 and 3 read the same packets.
    var form: FrameForm { isRevision4 ? .engine4 : .engine3 }
    var feedForm: String { isRevision4 ? "engine4" : "engine3" }
    var generation: Handshake.Generation {
        switch format.dialect {
        case .v09: .v09
        case .engine2: .v1
        case .engine3: .v2
        case .engine4: .v4
        }
    }

    var direct: (any Link)? { session.isOnSocket ? socket : nil }

    func queue(_ packet: Outgoing, at now: Instant) {
        var actions: [Session.Action] = []
        session.send(packet, limits: limits, &actions)
        perform(actions, answering: nil, at: now)
    }

    func flush(at now: Instant) {
        guard session.hasPackets else { return }
        var actions: [Session.Action] = []
        session.flush(socketIsReady: socket?.isReady ?? false, &actions)
        let isCorked = actions.count > 1 && socket?.cork() == true
        perform(actions, answering: nil, at: now)
        if isCorked { socket?.flush() }
    }

    func sendAcknowledgement(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant) {
        send(SocketPacket(.ack, namespace: namespace, id: id, data: .array(arguments)), at: now)
    }

    func sendDisconnect(namespace: String, at now: Instant) {
        send(SocketPacket(.disconnect, namespace: namespace), at: now)
    }

    func close(_ reason: CloseReason, at now: Instant) {
        leaveAll(reason, at: now)
        run(at: now) { session, actions in session.close(reason, at: now, limits: limits, &actions) }
    }

    // MARK: Opening

    /// The handshake over polling, answered at once. Before revision 4 the default namespace is joined without
    /// being asked for, in the same answer.
    func opened(answering link: any Link, for request: Request, at now: Instant) {
        var packets = [openPacket(upgrades: shard.server.settings.webSocket)]
        if !isRevision4 {
            joinDefault(at: now)
            // In the same answer, as far as it is decided: `40`, as a rule.
            packets += session.takePackets()
        }
        link.respond(answer(packets, origin: request.origin))
        settle(at: now)
    }

    /// A WebSocket without a sid: the session begins on it.
    func opened(on link: any Link, at now: Instant) {
        socket = link
        link.delegate = self
        queue(openPacket(upgrades: false), at: now)
        if !isRevision4 { joinDefault(at: now) }
        // All of it, the first stanza included, leaves with the head.
        settle(at: now)
        link.flush()
    }

    /// Before revision 4 the default namespace is joined without being asked for.
    private func joinDefault(at now: Instant) { if endpoint == nil { connect(to: "/", at: now) } }

    /// A WebSocket with the sid of this session: an upgrade, if nothing stands against it.
    func probeOpened(on link: any Link, at now: Instant) {
        shard.metrics.upgradesTried += 1
        if session.probeOpened(at: now, limits: limits) {
            polling?.probe = link
            link.delegate = self
            link.flush()
            settle(at: now)
        } else {
            link.closeSocket(code: nil)
        }
    }

    // MARK: Polling

    /// The head of a POST whose body is still coming.
    func postBegan(_ request: Request, on link: any Link, at now: Instant) {
        guard !session.isOnSocket else {
            return link.respond(
                EngineAnswer.error(.badRequest, origin: request.origin, dialect: format.dialect))
        }
        guard beginPost(on: link, at: now) else { return }
        polling?.post = link
        link.delegate = self
    }

    /// A polling request, whole.
    func polled(_ request: Request, on link: any Link, at now: Instant) {
        guard !session.isOnSocket, !session.isEnded else {
            return link.respond(
                EngineAnswer.error(.badRequest, origin: request.origin, dialect: format.dialect))
        }
        switch request.method {
        case "GET":
            let poll = RepeatablePoll(client: self, origin: request.origin)
            shard.lastPoll = poll
            polled(poll, tag: request.parameter("t"), on: link, at: now)
        case "POST": receivePost(request, on: link, at: now)
        default: link.respond(EngineAnswer.empty(500))
        }
    }

    func polled(_ asked: RepeatablePoll, tag: String?, on link: any Link, at now: Instant) {
        if polling?.isRepeated(tag) == true, let lastAnswer = polling?.lastAnswer {
            return link.respond(answer(lastAnswer, origin: asked.origin))
        }
        if !session.isPollHeld {
            polling?.poll = link
            polling?.origin = asked.origin
            link.delegate = self
        }
        run(at: now, answering: link) { session, actions in session.pollArrived(at: now, &actions) }
    }

    /// False: it was refused, and answered so.
    private func beginPost(on link: any Link, at now: Instant) -> Bool {
        var isRefused = false
        run(at: now, answering: link) { session, actions in
            session.postBegan(&actions)
            isRefused = actions.contains(.refuse)
        }
        return !isRefused
    }

    private func receivePost(_ request: Request, on link: any Link, at now: Instant) {
        // When the body came with the head nobody was told that it had begun.
        if polling?.post !== link, !beginPost(on: link, at: now) { return }
        polling?.post = nil
        link.delegate = nil
        let type = request.header("Content-Type") ?? ""
        let isBinary = type.prefix(24).equalsIgnoringCase("application/octet-stream")
        if isBinary, isRevision4 {
            // Binary framing ended with revision 3. The reference never answers this; we do.
            run(at: now) { session, actions in session.postAborted(isFatal: true, &actions) }
            return link.respond(
                EngineAnswer.error(.badRequest, origin: request.origin, dialect: format.dialect))
        }
        link.respond(EngineAnswer.ok(origin: request.origin, dialect: format.dialect))
        var body = request.body
        if polling?.callback != nil {
            // A form without the field is harmless, as in the reference.
            guard let payload = ScriptEnvelope.enginePost(body) else {
                return run(at: now) { session, actions in session.postAborted(isFatal: false, &actions) }
            }
            body = payload
        }
        run(at: now) { session, actions in
            session.postReceived(body, isBinary: isBinary, at: now, limits: limits, &actions)
        }
    }

    private func answer(_ packets: [Outgoing], origin: String?) -> Response {
        let (bytes, isBinary) = format.payload(of: packets)
        if let callback = polling?.callback {
            return EngineAnswer.script(ScriptEnvelope.engine(index: callback, payload: bytes))
        }
        return EngineAnswer.payload(bytes, isBinary: isBinary, origin: origin, dialect: format.dialect)
    }

    // MARK: Links

    func linkReady(_ link: any Link, at now: Instant) {
        if link === socket { settle(at: now) }
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
        run(at: now) { session, actions in
            if link === probe {
                // A probe is a text; anything else is not one.
                session.probeReceived([], at: now, &actions)
            } else if link === socket {
                session.binaryReceived(bytes, at: now, &actions)
            }
        }
    }

    func linkClosed(_ link: any Link, at now: Instant) {
        run(at: now) { session, actions in
            if link === polling?.poll {
                polling?.poll = nil
                session.pollAborted(&actions)
            } else if link === polling?.post {
                polling?.post = nil
                session.postAborted(isFatal: true, &actions)
            } else if link === probe {
                polling?.probe = nil
                session.probeClosed()
            } else if link === socket {
                socket = nil
                session.socketClosed(&actions)
            }
        }
    }

    func linkRefusedBody(_ link: any Link, at now: Instant) {
        guard link === polling?.post else { return }
        polling?.post = nil
        run(at: now) { session, actions in session.postAborted(isFatal: false, &actions) }
    }

    func linkMustEnd(_ link: any Link, at now: Instant) { close(.serverShuttingDown, at: now) }

    func deadlineReached(at now: Instant) {
        let end = session.nextDeadline
        if now >= end {
            run(at: now) { session, actions in session.deadlineReached(at: now, limits: limits, &actions) }
        } else if let direct, !session.hasPackets, readOn(to: direct, until: end, at: now) {
            return
        } else {
            noteLateness(at: now)
            settle(at: now)
        }
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
        // A payload may hold its own end, behind messages that are to be heard.
        let mayBeLeft = session.isOpen
        for action in actions {
            switch action {
            case .answerPoll(let packets):
                answerPoll(packets)
            case .refuse: arrived?.respond(EngineAnswer.empty(isRevision4 ? 400 : 500))
            case .write(let packet): write(packet)
            case .closeSocket: close(&socket)
            case .closeProbe: closeProbe()
            case .answerProbe:
                probe?.write(.text(EngineConstant.probeAnswer))
                probe?.flush()
            case .adoptProbe:
                shard.metrics.upgradesWon += 1
                socket = probe
                polling?.probe = nil
                polling = nil
                for membership in memberships { membership.socket?.changed(transport: transportName) }
            // What stands behind a message that was answered with the end is nobody's any more.
            case .deliverText where mayBeLeft && !session.isOpen: break
            case .deliverBinary where mayBeLeft && !session.isOpen: break
            case .deliverText(let text) where endpoint != nil:
                hear(.text(String(decoding: text, as: UTF8.self)), at: now)
            case .deliverBinary(let bytes) where endpoint != nil: hear(.binary(bytes), at: now)
            case .deliverText(let text):
                receive(at: now) { decoder throws(SocketPacketError) in try decoder.text(text[...]) }
            case .deliverBinary(let bytes):
                receive(at: now) { decoder throws(SocketPacketError) in try decoder.binary(bytes) }
            case .ended(let reason): ended(reason, at: now)
            }
        }
    }

    private func answerPoll(_ packets: [Outgoing]) {
        guard let polling, let held = polling.poll else { return }
        polling.poll = nil
        held.delegate = nil
        polling.lastAnswer = polling.tagsDiffer ? packets : nil
        held.respond(answer(packets, origin: polling.origin))
    }

    private func hear(_ message: WebSocketMessage, at now: Instant) {
        guard let particulars, let endpoint = particulars.endpoint else { return }
        let socket = particulars.socket ?? EngineSocket(self, at: now)
        particulars.socket = socket
        socket.heard(message, endpoint.handler, at: now)
    }

    private func write(_ packet: Outgoing) {
        if case .frame(let frame) = packet {
            socket?.write(frame)
        } else {
            socket?.write(format.message(packet))
        }
    }

    private func closeProbe() {
        guard let polling else { return }
        close(&polling.probe)
    }

    private func close(_ link: inout (any Link)?) {
        link?.delegate = nil
        link?.closeSocket(code: nil)
        link = nil
    }

    private func ended(_ reason: CloseReason, at now: Instant) {
        close(&socket)
        closeProbe()
        // A POST that is still coming in is answered when it is whole: its sid is unknown then.
        polling?.post?.delegate = nil
        polling?.post = nil
        polling?.lastAnswer = nil
        leaveAll(reason, at: now)
        shard.forget(self)
    }
}
