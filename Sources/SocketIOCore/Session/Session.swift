/// What a session needs to know of the settings, in nanoseconds and bytes.
package struct SessionLimits: Sendable {
    package var pingInterval: Int64
    package var pingTimeout: Int64
    package var upgradeTimeout: Int64
    package var connectTimeout: Int64
    /// How long a closed session waits for one more poll, to say goodbye in it.
    package var closeTimeout: Int64
    /// Bytes a client may leave untaken before it is closed.
    package var maxBuffered: Int
    /// Packets in one payload of a client.
    package var maxPackets: Int

    package init(
        pingInterval: Int64, pingTimeout: Int64, upgradeTimeout: Int64, connectTimeout: Int64,
        closeTimeout: Int64,
        maxBuffered: Int, maxPackets: Int
    ) {
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.upgradeTimeout = upgradeTimeout
        self.connectTimeout = connectTimeout
        self.closeTimeout = closeTimeout
        self.maxBuffered = maxBuffered
        self.maxPackets = maxPackets
    }
}

/// One Engine.IO client: which transport carries it, what waits for it, whether it is alive.
///
///     polling ──probe──▶ probing ──"5"──▶ socket
///        │                  │                │
///        └───────── close ──┴───▶ closing ───┴──▶ ended
///
/// `closing` is only left for a polling client that has no poll open: its next poll gets the goodbye.
/// Every call is told the time and appends what is to be done to `actions`; the caller keeps the connections
/// and knows which of them is the held poll, the WebSocket and the probing WebSocket.
///
/// - Source: engine.io-protocol 4; engine.io 6.6 `lib/socket.ts`, `lib/transports/polling.ts` for what the text
///   leaves open.
@usableFromInline
package struct Session: Sendable {
    package enum Action: Equatable, Sendable {
        /// Answers the held poll with these packets.
        case answerPoll([Outgoing])
        /// 400 with an empty body to the poll, or POST, that has just come.
        case refuse
        case write(Outgoing)
        /// A close frame without a code, as the reference sends.
        case closeSocket
        case answerProbe
        case closeProbe
        /// The probing WebSocket is the transport from now on.
        case adoptProbe
        case deliverText([UInt8])
        case deliverBinary([UInt8])
        /// Always the last action: forget the session.
        case ended(CloseReason)
    }

    @usableFromInline
    enum State: UInt8, Sendable { case polling, probing, socket, closing, ended }

    // In an order that leaves no gaps: every client has all of this.
    @usableFromInline private(set) var outbox = Outbox()
    /// Until when a namespace must be joined; then, while probing, until when the upgrade must be done; at last
    /// until when a goodbye waits for its poll. Never two of them: the first is checked by `hasJoined`.
    @usableFromInline private(set) var stateDeadline: Instant
    @usableFromInline private(set) var connectDeadline: Instant
    /// While probing: when a held poll is ended with a noop.
    @usableFromInline private(set) var noopDeadline = Instant.distantFuture
    @usableFromInline private(set) var heartbeat: Heartbeat
    package let format: EngineFormat
    @usableFromInline private(set) var state: State
    /// A poll is held open, waiting for something to answer.
    @usableFromInline
    package private(set) var isPollHeld = false
    private var isPostOpen = false
    @usableFromInline private(set) var hasJoined = false

    package init(_ format: EngineFormat, onSocket: Bool, limits: SessionLimits, at now: Instant) {
        self.format = format
        state = onSocket ? .socket : .polling
        heartbeat = Heartbeat(
            interval: limits.pingInterval, timeout: limits.pingTimeout,
            pinging: format.dialect == .engine4 ? .server : .client, startingAt: now)
        stateDeadline = .distantFuture
        connectDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.connectTimeout)
    }

    // MARK: What the caller may ask

    // Inlined, because a stanza asks them all: a call into another module copies a session.
    @inlinable package var isEnded: Bool { state == .ended }
    @inlinable package var isOnSocket: Bool { state == .socket }
    @inlinable package var isPolling: Bool { state == .polling || state == .probing }
    @inlinable package var isOpen: Bool { state == .socket || isPolling }
    @inlinable package var hasPackets: Bool { !outbox.isEmpty }

    /// When to call ``deadlineReached(at:limits:_:)``.
    @inlinable
    package var nextDeadline: Instant {
        switch state {
        case .ended: return .distantFuture
        case .closing: return stateDeadline
        case .polling, .socket:
            return min(heartbeat.nextDeadline, hasJoined ? .distantFuture : connectDeadline)
        case .probing:
            return min(heartbeat.nextDeadline, stateDeadline, isPollHeld ? noopDeadline : .distantFuture)
        }
    }

    // MARK: Polling

    package mutating func pollArrived(at now: Instant, _ actions: inout [Action]) {
        switch state {
        case .socket, .ended:
            actions.append(.refuse)
        case .polling, .probing:
            if isPollHeld {
                // Two polls at once: nobody can say which of them the client still reads.
                actions.append(.refuse)
                return end(.transportError, &actions)
            }
            isPollHeld = true
            noopDeadline = Instant(nanoseconds: now.nanoseconds &+ 100_000_000)
        case .closing:
            if outbox.isEmpty {
                isPollHeld = true
                answer([EngineConstant.noop, EngineConstant.close], &actions)
                finish(.forcedServerClose, &actions)
            } else {
                isPollHeld = true
                answer(outbox.takeAll(), &actions)
            }
        }
    }

    /// The connection of the held poll is gone.
    package mutating func pollAborted(_ actions: inout [Action]) {
        guard isPollHeld else { return }
        isPollHeld = false
        end(.transportError, &actions)
    }

    /// The head of a POST is here, its body not yet.
    package mutating func postBegan(_ actions: inout [Action]) {
        guard isPolling || state == .closing else { return actions.append(.refuse) }
        if isPostOpen {
            actions.append(.refuse)
            return end(.transportError, &actions)
        }
        isPostOpen = true
    }

    /// The POST was given up: its connection is gone, or its body was too long.
    package mutating func postAborted(isFatal: Bool, _ actions: inout [Action]) {
        isPostOpen = false
        if isFatal, isOpen { end(.transportError, &actions) }
    }

    /// The body of the POST. It is always answered `ok`, also when its content ends the session.
    package mutating func postReceived(
        _ body: [UInt8], isBinary: Bool, at now: Instant, limits: SessionLimits, _ actions: inout [Action]
    ) {
        isPostOpen = false
        let (packets, error) = format.packets(in: body, isBinary: isBinary, maxPackets: limits.maxPackets)
        if state == .closing, packets.contains(.close) { return finish(.transportClose, &actions) }
        for packet in packets where isOpen { received(packet, at: now, &actions) }
        if error != nil, isOpen { end(.transportError, &actions) }
    }

    // MARK: WebSocket

    /// A WebSocket opened with this session's sid. False: it must be closed, another one is there already.
    package mutating func probeOpened(at now: Instant, limits: SessionLimits) -> Bool {
        guard state == .polling else { return false }
        state = .probing
        stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.upgradeTimeout)
        noopDeadline = .distantFuture
        return true
    }

    /// A text frame on the probing WebSocket.
    package mutating func probeReceived(_ text: ArraySlice<UInt8>, at now: Instant, _ actions: inout [Action])
    {
        guard state == .probing else { return }
        switch try? format.packet(text: text) {
        case .ping(EngineConstant.probe):
            actions.append(.answerProbe)
            // The client waits for its open poll to end before it says "5". Each further one is ended after
            // 100 ms, so that a client that goes on polling does not do so in a tight loop.
            noopDeadline = Instant(nanoseconds: now.nanoseconds &+ 100_000_000)
            if isPollHeld { answer([EngineConstant.noop], &actions) }
        case .upgrade:
            if isPollHeld { answer([EngineConstant.close], &actions) }
            state = .socket
            stateDeadline = .distantFuture
            actions.append(.adoptProbe)
        default:
            actions.append(.closeProbe)
            state = .polling
        }
    }

    package mutating func probeClosed() {
        if state == .probing { state = .polling }
    }

    package mutating func textReceived(_ text: ArraySlice<UInt8>, at now: Instant, _ actions: inout [Action])
    {
        guard state == .socket else { return }
        guard let packet = try? format.packet(text: text) else { return end(.transportError, &actions) }
        received(packet, at: now, &actions)
    }

    package mutating func binaryReceived(_ bytes: [UInt8], at now: Instant, _ actions: inout [Action]) {
        guard state == .socket, let packet = format.packet(binary: bytes) else { return }
        received(packet, at: now, &actions)
    }

    /// The WebSocket is gone, or its closing handshake has begun at the client.
    package mutating func socketClosed(_ actions: inout [Action]) {
        guard state == .socket else { return }
        finish(.transportClose, &actions)
    }

    // MARK: Out

    /// Takes a packet; ``flush(_:)`` sends it, so that what belongs together leaves together.
    package mutating func send(_ packet: Outgoing, limits: SessionLimits, _ actions: inout [Action]) {
        guard isOpen else { return }
        outbox.append(packet)
        if outbox.bytes > limits.maxBuffered { end(.forcedServerClose, &actions) }
    }

    /// Sends what waits, if there is a way: a held poll, or the WebSocket when the caller says that it `isReady`.
    package mutating func flush(socketIsReady: Bool, _ actions: inout [Action]) {
        guard !outbox.isEmpty else { return }
        switch state {
        case .socket where socketIsReady:
            for packet in outbox.takeAll() { actions.append(.write(packet)) }
        case .polling where isPollHeld, .probing where isPollHeld:
            answer(outbox.takeAll(), &actions)
        default:
            break
        }
    }

    /// What waits, for an answer that is being made.
    package mutating func takePackets() -> [Outgoing] { outbox.takeAll() }

    package mutating func namespaceJoined() { hasJoined = true }

    /// Ends the connection in order: what waits goes out first.
    package mutating func close(
        _ reason: CloseReason, at now: Instant, limits: SessionLimits, _ actions: inout [Action]
    ) {
        switch state {
        case .socket:
            for packet in outbox.takeAll() { actions.append(.write(packet)) }
            actions.append(.closeSocket)
            finish(reason, &actions)
        case .polling, .probing:
            if state == .probing { actions.append(.closeProbe) }
            if isPollHeld, outbox.isEmpty {
                answer([EngineConstant.close], &actions)
                return finish(reason, &actions)
            }
            if isPollHeld { answer(outbox.takeAll(), &actions) }
            state = .closing
            stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.closeTimeout)
        case .closing, .ended:
            break
        }
    }

    // MARK: Time

    package mutating func deadlineReached(at now: Instant, limits: SessionLimits, _ actions: inout [Action]) {
        if state == .closing, now >= stateDeadline { return finish(.forcedServerClose, &actions) }
        guard isOpen else { return }
        if !hasJoined, now >= connectDeadline {
            return close(.forcedServerClose, at: now, limits: limits, &actions)
        }
        if state == .probing, now >= stateDeadline {
            state = .polling
            actions.append(.closeProbe)
        }
        if state == .probing, isPollHeld, now >= noopDeadline { answer([EngineConstant.noop], &actions) }
        switch heartbeat.deadlineReached(at: now) {
        case .none: break
        case .sendPing: outbox.append(EngineConstant.ping)
        case .close(let reason): end(reason, &actions)
        }
    }

    // MARK: Inside

    private mutating func received(_ packet: EnginePacket, at now: Instant, _ actions: inout [Action]) {
        heartbeat.packetReceived(at: now)
        switch packet {
        case .message(let bytes): actions.append(.deliverText(bytes))
        case .binary(let bytes): actions.append(.deliverBinary(bytes))
        case .pong: heartbeat.pongReceived(at: now)
        // Only the server pings in revision 4; before it only the client did.
        case .ping where format.dialect == .engine4: end(.transportError, &actions)
        case .ping: outbox.append(EngineConstant.pong)
        case .close where isPolling:
            if isPollHeld { answer([EngineConstant.noop], &actions) }
            if state == .probing { actions.append(.closeProbe) }
            finish(.transportClose, &actions)
        // Harmless, as in the reference; a WebSocket says goodbye with its own close frame.
        case .open, .upgrade, .noop, .close: break
        }
    }

    private mutating func answer(_ packets: [Outgoing], _ actions: inout [Action]) {
        isPollHeld = false
        actions.append(.answerPoll(packets))
    }

    /// Ends at once, without waiting for anybody.
    private mutating func end(_ reason: CloseReason, _ actions: inout [Action]) {
        switch state {
        case .socket: actions.append(.closeSocket)
        case .probing: actions.append(.closeProbe)
        case .polling, .closing, .ended: break
        }
        if isPollHeld { answer([EngineConstant.close], &actions) }
        finish(reason, &actions)
    }

    private mutating func finish(_ reason: CloseReason, _ actions: inout [Action]) {
        guard state != .ended else { return }
        state = .ended
        outbox = Outbox()
        actions.append(.ended(reason))
    }
}
