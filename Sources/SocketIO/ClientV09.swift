internal import SocketIOCore

/// One Socket.IO 0.9 client: performs what its ``SessionV09`` decides and reads its packets.
final class ClientV09: PollingClient {
    let id: SessionID
    let shard: Shard
    private let arrival: Arrival?
    var cursor: String? { arrival?.cursor }
    var request: Request? { arrival?.request }
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    var memberships = Memberships()
    var joining: [Joining] = []
    var joins: UInt32 = 0
    var scheduled = Instant.distantFuture
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var session: SessionV09
    /// The open transport: the held poll, the WebSocket or the htmlfile stream.
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var transport: (any Link)?
    private var way = SessionV09.Way.poll
    /// What the held poll's answer depends on; nil where there is nothing of that.
    private var asked: Asked?

    private final class Asked {
        let origin: String?
        let callback: String?

        init?(origin: String?, callback: String?) {
            if origin == nil, callback == nil { return nil }
            self.origin = origin
            self.callback = callback
        }
    }

    init(_ request: Request, _ id: SessionID, shard: Shard, at now: Instant) {
        self.id = id
        arrival = Arrival(request, isKept: shard.server.registry.hub.keepsHandshakes)
        self.shard = shard
        session = SessionV09(limits: shard.limitsV09, at: now)
    }

    private var limits: LimitsV09 { shard.limitsV09 }

    // MARK: Client

    var isEnded: Bool { session.isEnded }
    var isNewcomer: Bool { joins == 0 }
    var hasWay: Bool { session.isOnSocketOrStream ? transport?.isReady ?? false : session.isPollHeld }
    var isPolling: Bool { !session.isOnSocketOrStream }
    var sessionDeadline: Instant { session.nextDeadline }
    var hasPackets: Bool { session.hasPackets }
    var form: FrameForm { .v09 }
    var feedForm: String { way == .stream ? "htmlfile" : "v09" }
    var generation: Handshake.Generation { .v09 }
    var transportName: String {
        switch way {
        case .socket: TransportV09.webSocket.rawValue
        case .stream: TransportV09.htmlFile.rawValue
        case .poll: (asked?.callback == nil ? TransportV09.xhrPolling : .jsonpPolling).rawValue
        }
    }

    func frameMaker(namespace: String) -> @Sendable (FeedEvent) -> Frame {
        let isStream = way == .stream
        let chunk = Self.chunk
        return { event in
            let packet = PacketV09(
                .event(name: event.name, arguments: [.string(event.text)]),
                endpoint: Self.endpoint(namespace))
            let bytes = packet.encoded(ascii: true)
            return isStream ? chunk(bytes) : .message(bytes)
        }
    }

    /// A packet on an htmlfile stream: a script element, in a chunk of its own.
    private static func chunk(_ packet: [UInt8]) -> Frame { .chunk(ScriptEnvelope.htmlfile(packet)) }

    var direct: (any Link)? { session.isOnSocketOrStream ? transport : nil }

    func queue(_ packet: Outgoing, at now: Instant) {
        var actions: [SessionV09.Action] = []
        session.send(packet, limits: limits, &actions)
        perform(actions, at: now)
    }

    func flush(at now: Instant) {
        guard session.hasPackets else { return }
        var actions: [SessionV09.Action] = []
        session.flush(isReady: transport?.isReady ?? false, at: now, limits: limits, &actions)
        perform(actions, at: now)
    }

    func sendAcknowledgement(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant) {
        send(PacketV09(.ack(id: id, arguments: arguments), endpoint: Self.endpoint(namespace)), at: now)
    }

    /// The default endpoint has no name on the wire.
    fileprivate static func endpoint(_ namespace: String) -> String { namespace == "/" ? "" : namespace }

    /// The default endpoint's end is the connection's, whatever else is joined (socketio-spec 1, "disconnect").
    func sendDisconnect(namespace: String, at now: Instant) {
        if namespace == "/" {
            close(.serverNamespaceDisconnect, at: now)
        } else {
            send(PacketV09(.disconnect, endpoint: namespace), at: now)
        }
    }

    func close(_ reason: CloseReason, at now: Instant) {
        leaveAll(reason, at: now)
        run(at: now) { session, actions in session.close(reason, at: now, limits: limits, &actions) }
    }

    // MARK: Transports

    /// A WebSocket or an htmlfile stream.
    func opened(_ new: SessionV09.Way, on link: any Link, at now: Instant) {
        open(new, on: link, at: now)
        // What is ready, the first stanza included, leaves with the head.
        settle(at: now)
        link.flush()
    }

    func polled(on link: any Link, origin: String?, callback: String?, at now: Instant) {
        let poll = RepeatablePoll(client: self, origin: origin, callback: callback)
        shard.lastPoll = poll
        polled(poll, tag: nil, on: link, at: now)
    }

    func polled(_ poll: RepeatablePoll, tag: String?, on link: any Link, at now: Instant) {
        open(.poll, on: link, origin: poll.origin, callback: poll.callback, at: now)
        settle(at: now)
    }

    private func open(
        _ new: SessionV09.Way, on link: any Link, origin: String? = nil, callback: String? = nil,
        at now: Instant
    ) {
        var actions: [SessionV09.Action] = []
        session.transportOpened(new, at: now, limits: limits, &actions)
        // What ends the transport before this one is performed on it; what greets the client, on the new one.
        let isTakeover = actions.first.map { $0 != .opened } ?? false
        let isLast = session.isEnded
        if isTakeover, !isLast { perform([actions.removeFirst()], at: now) }
        let isOtherForm = memberships.contains { $0.frames != nil } && (new == .stream) != (way == .stream)
        transport = link
        way = new
        asked = Asked(origin: origin, callback: callback)
        link.delegate = self
        if isOtherForm { renewFrames() }
        for membership in memberships { membership.socket?.changed(transport: transportName) }
        perform(actions, at: now)
    }

    /// htmlfile wraps its frames otherwise than the rest.
    private func renewFrames() {
        for index in memberships.indices {
            guard let old = memberships[index].frames else { continue }
            memberships[index].frames = frames(of: old.feed, namespace: memberships[index].namespace)
        }
    }

    /// A POST, answered by the caller whatever it holds.
    func posted(_ request: Request, transport: TransportV09, at now: Instant) {
        var body = request.body
        if transport == .jsonpPolling {
            guard let payload = ScriptEnvelope.v09Post(body) else { return }
            body = payload
        }
        let packets = PayloadV09.decode(body, maxPackets: limits.maxPackets).packets
        run(at: now) { session, actions in session.received(packets, at: now, limits: limits, &actions) }
    }

    /// `?disconnect`: the client is leaving its page.
    func disconnectAsked(at now: Instant) {
        leaveAll(.clientNamespaceDisconnect, at: now)
        if session.isOpen, transport != nil {
            close(.clientNamespaceDisconnect, at: now)
        } else {
            ended(.clientNamespaceDisconnect, at: now)
        }
    }

    // MARK: Links

    func linkReady(_ link: any Link, at now: Instant) { if link === transport { settle(at: now) } }

    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {
        // Also what still comes on a WebSocket that another transport has taken over is heard.
        run(at: now) { session, actions in session.received([Array(text)], at: now, limits: limits, &actions)
        }
    }

    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {}
    func linkRefusedBody(_ link: any Link, at now: Instant) {}

    func linkClosed(_ link: any Link, at now: Instant) {
        guard link === transport else { return }
        transport = nil
        run(at: now) { session, actions in session.transportClosed(at: now, limits: limits, &actions) }
    }

    func linkMustEnd(_ link: any Link, at now: Instant) {
        if link === transport { close(.serverShuttingDown, at: now) }
    }

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

    private func run(at now: Instant, _ ask: (inout SessionV09, inout [SessionV09.Action]) -> Void) {
        var actions: [SessionV09.Action] = []
        ask(&session, &actions)
        perform(actions, at: now)
        settle(at: now)
    }

    private func perform(_ actions: [SessionV09.Action], at now: Instant) {
        for action in actions {
            switch action {
            case .opened:
                queue(ConstantV09.connect, at: now)
                connect(to: "/", at: now)
            case .answerPoll(let packets):
                let held = transport
                transport = nil
                held?.delegate = nil
                let payload = PayloadV09.encode(packets.compactMap(\.textBytes))
                held?.respond(AnswerV09.payload(payload, origin: asked?.origin, callback: asked?.callback))
            case .write(let packet): write(packet)
            case .endTransport:
                let open = transport
                transport = nil
                open?.delegate = nil
                if way == .stream { open?.endStream() } else { open?.closeSocket(code: nil) }
            case .deliver(let packet): receive(packet, at: now)
            case .ended(let reason): ended(reason, at: now)
            }
        }
    }

    private func write(_ packet: Outgoing) {
        switch packet {
        case .frame(let frame) where way == .stream: transport?.write(Self.chunk(frame.packet))
        case .frame(let frame): transport?.write(frame)
        case .text(let bytes) where way == .stream: transport?.write(Self.chunk(bytes))
        case .text, .binary: transport?.write(packet)
        }
    }

    private func ended(_ reason: CloseReason, at now: Instant) {
        transport?.delegate = nil
        transport = nil
        leaveAll(reason, at: now)
        shard.forget(self)
    }

    // MARK: Packets

    fileprivate func send(_ packet: PacketV09, at now: Instant) {
        queue(.text(packet.encoded(ascii: true)), at: now)
    }

    /// What cannot be read is ignored, as in the reference: one bad packet does not end a connection of 0.9.
    private func receive(_ bytes: [UInt8], at now: Instant) {
        guard let packet = try? PacketV09.decode(bytes[...]) else { return }
        let name = packet.endpoint.isEmpty ? "/" : packet.endpoint
        // A packet with an id and no "+" is acknowledged on arrival.
        if case .automatic(let id)? = packet.acknowledgement, membership(of: name) != nil {
            send(PacketV09(.ack(id: id, arguments: []), endpoint: packet.endpoint), at: now)
        }
        switch packet.content {
        case .heartbeat: session.heartbeatReceived(at: now)
        case .connect(let query): connect(name, query: query, packet, at: now)
        case .disconnect where name == "/": close(.clientNamespaceDisconnect, at: now)
        case .disconnect:
            joining.removeAll { $0.name == name }
            if let index = membership(of: name) { leave(index, .clientNamespaceDisconnect, at: now) }
        case .event(let event?, let arguments): receive(event, arguments, packet, in: name, at: now)
        case .message(let text): receive("message", [.string(text)], packet, in: name, at: now)
        case .json(let value): receive("message", [value], packet, in: name, at: now)
        case .ack(let id, let arguments):
            if let index = membership(of: name) { answered(id, arguments, in: index) }
        case .event(nil, _), .error, .noop: break
        }
    }

    private func receive(
        _ event: String, _ arguments: [JSON], _ packet: PacketV09, in namespace: String, at now: Instant
    ) {
        guard let index = membership(of: namespace), event != "disconnect" else { return }
        var id: String?
        if case .byApplication(let wanted)? = packet.acknowledgement { id = wanted }
        received(event, arguments, id: id, in: index, at: now)
    }

    private func connect(_ name: String, query: String, _ packet: PacketV09, at now: Instant) {
        guard !isJoining(name) else { return }
        // A repeated join is only answered again.
        if membership(of: name) != nil {
            return send(PacketV09(.connect(query: ""), endpoint: packet.endpoint), at: now)
        }
        connect(to: name, query: String(query.dropFirst()), at: now)
    }
}

extension ClientV09 {
    func identity(in namespace: Namespace, joins: UInt32) -> Identity { Identity(id: sid) }

    func joined(_ namespace: Namespace, at now: Instant) {}

    /// The default endpoint has been greeted with the connection itself.
    func sendConnected(_ identity: Identity, namespace: Namespace, at now: Instant) {
        guard namespace.name != "/" else { return }
        send(PacketV09(.connect(query: ""), endpoint: namespace.name), at: now)
    }

    /// Nothing, as in the reference.
    func sendUnknown(namespace: String, at now: Instant) {}

    /// 0.9 knows a number alone.
    func sendRefusal(_ error: ConnectError, namespace: String, at now: Instant) {
        send(PacketV09(.error(.unauthorized, nil), endpoint: Self.endpoint(namespace)), at: now)
    }
}
