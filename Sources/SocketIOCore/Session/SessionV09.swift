/// What a 0.9 session needs to know of the settings, in nanoseconds and bytes.
package struct LimitsV09: Sendable {
    /// nil: no heartbeats.
    package var heartbeat: (interval: Int64, timeout: Int64)?
    /// How long a poll with nothing to say is held.
    package var pollingDuration: Int64
    /// How long a client without a transport is kept. 0.9: "close timeout".
    package var closeTimeout: Int64
    /// How long a handshake waits for its first transport; the reference sweeps after 30 s.
    package var handshakeTimeout: Int64
    package var maxBuffered: Int
    package var maxPackets: Int

    package init(
        heartbeat: (interval: Int64, timeout: Int64)?, pollingDuration: Int64, closeTimeout: Int64,
        handshakeTimeout: Int64, maxBuffered: Int, maxPackets: Int
    ) {
        self.heartbeat = heartbeat
        self.pollingDuration = pollingDuration
        self.closeTimeout = closeTimeout
        self.handshakeTimeout = handshakeTimeout
        self.maxBuffered = maxBuffered
        self.maxPackets = maxPackets
    }
}

/// One Socket.IO 0.9 client, from its handshake to its end.
///
///     handshaken ──first transport──▶ open ⇄ away ──close timeout──▶ ended
///                                      │       │
///                                      └ close ┴─▶ closing ──next poll──▶ ended
///
/// `away` is a client between two polls. `closing` keeps the final `0::` for its next poll: without it an old
/// client would take the end for a lost connection, come back and start over.
/// A transport that opens takes the place of the one before it, as in the reference.
///
/// - Source: socket.io-spec (protocol 1); socket.io 0.9 `lib/manager.js`, `lib/transport.js`. What that does wrong
///   (a poll's answer lost with its connection, `0::` not kept) is done right.
@usableFromInline
package struct SessionV09: Sendable {
    /// How packets reach the client: over a WebSocket, over an htmlfile stream, or in the answer to a poll.
    @usableFromInline
    package enum Way: UInt8, Sendable { case socket, stream, poll }

    package enum Action: Equatable, Sendable {
        /// The first transport is open: greet, and join the default endpoint.
        case opened
        case answerPoll([Outgoing])
        /// On the WebSocket or the stream.
        case write(Outgoing)
        /// Ends the WebSocket or the stream.
        case endTransport
        case deliver([UInt8])
        /// Always the last action: forget the session.
        case ended(CloseReason)
    }

    @usableFromInline
    enum State: UInt8, Sendable { case handshaken, open, away, closing, ended }

    @usableFromInline private(set) var outbox = Outbox()
    /// Handshaken: until when a transport must open. Open by poll: when it is answered with a noop. Away and
    /// closing: until when a poll must come.
    @usableFromInline private(set) var stateDeadline: Instant
    @usableFromInline private(set) var heartbeat: Heartbeat?
    @usableFromInline private(set) var state = State.handshaken
    @usableFromInline private(set) var way = Way.poll

    package init(limits: LimitsV09, at now: Instant) {
        stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.handshakeTimeout)
    }

    // Inlined, because a stanza asks them all: a call into another module copies a session.
    @inlinable package var isEnded: Bool { state == .ended }
    @inlinable package var isOpen: Bool { state == .open || state == .away }
    @inlinable package var hasPackets: Bool { !outbox.isEmpty }
    @inlinable package var isPollHeld: Bool { state == .open && way == .poll }
    @inlinable package var isOnSocketOrStream: Bool { state == .open && way != .poll }

    @inlinable
    package var nextDeadline: Instant {
        switch state {
        case .ended: .distantFuture
        case .open where way != .poll: heartbeat?.nextDeadline ?? .distantFuture
        default: stateDeadline
        }
    }

    // MARK: Transports

    /// A transport has been opened by the client; for a poll, a poll has come.
    package mutating func transportOpened(
        _ new: Way, at now: Instant, limits: LimitsV09, _ actions: inout [Action]
    ) {
        switch state {
        case .ended: return
        case .closing:
            way = new
            state = .open
            return finish(.serverNamespaceDisconnect, &actions)
        case .open:
            // The newest takes over; a poll is told so, others are ended.
            actions.append(way == .poll ? .answerPoll([ConstantV09.noop]) : .endTransport)
        case .handshaken: actions.append(.opened)
        case .away: break
        }
        state = .open
        way = new
        heartbeat = nil
        if new == .poll {
            stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.pollingDuration)
        } else if let times = limits.heartbeat {
            heartbeat = Heartbeat(interval: times.interval, timeout: times.timeout, startingAt: now)
        }
    }

    /// The connection of the transport is gone. A poll's packets stay for the next one.
    package mutating func transportClosed(at now: Instant, limits: LimitsV09, _ actions: inout [Action]) {
        guard state == .open else { return }
        if way == .poll {
            goAway(at: now, limits: limits)
        } else {
            state = .ended
            actions.append(.ended(.transportClose))
        }
    }

    /// Packets of a POST, or one of a WebSocket.
    package mutating func received(
        _ packets: [[UInt8]], at now: Instant, limits: LimitsV09, _ actions: inout [Action]
    ) {
        guard isOpen else { return }
        for packet in packets { actions.append(.deliver(packet)) }
    }

    package mutating func heartbeatReceived(at now: Instant) { heartbeat?.pongReceived(at: now) }

    // MARK: Out

    package mutating func send(_ packet: Outgoing, limits: LimitsV09, _ actions: inout [Action]) {
        guard isOpen else { return }
        outbox.append(packet)
        if outbox.bytes > limits.maxBuffered {
            outbox = Outbox()
            finish(.forcedServerClose, &actions)
        }
    }

    package mutating func flush(isReady: Bool, at now: Instant, limits: LimitsV09, _ actions: inout [Action])
    {
        guard state == .open, !outbox.isEmpty else { return }
        if way == .poll {
            actions.append(.answerPoll(outbox.takeAll()))
            goAway(at: now, limits: limits)
        } else if isReady {
            for packet in outbox.takeAll() { actions.append(.write(packet)) }
        }
    }

    /// Ends the whole connection with `0::`, now or in the answer to the next poll.
    package mutating func close(
        _ reason: CloseReason, at now: Instant, limits: LimitsV09, _ actions: inout [Action]
    ) {
        switch state {
        case .open: finish(reason, &actions)
        case .away:
            state = .closing
            stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.closeTimeout)
        case .handshaken:
            state = .ended
            actions.append(.ended(reason))
        case .closing, .ended: break
        }
    }

    // MARK: Time

    package mutating func deadlineReached(at now: Instant, limits: LimitsV09, _ actions: inout [Action]) {
        switch state {
        case .handshaken, .away, .closing:
            guard now >= stateDeadline else { return }
            let reason: CloseReason = state == .closing ? .serverNamespaceDisconnect : .transportClose
            state = .ended
            actions.append(.ended(reason))
        case .open where way == .poll:
            guard now >= stateDeadline else { return }
            actions.append(.answerPoll([ConstantV09.noop]))
            goAway(at: now, limits: limits)
        case .open:
            switch heartbeat?.deadlineReached(at: now) {
            case .sendPing: outbox.append(ConstantV09.heartbeat)
            case .close(let reason):
                // Dropped without `0::`: the client is to come back.
                state = .ended
                actions += [.endTransport, .ended(reason)]
            case .some(.none), nil: break
            }
        case .ended: break
        }
    }

    // MARK: Inside

    private mutating func goAway(at now: Instant, limits: LimitsV09) {
        state = .away
        stateDeadline = Instant(nanoseconds: now.nanoseconds &+ limits.closeTimeout)
    }

    /// Says what waits and `0::` on the open transport, and ends.
    private mutating func finish(_ reason: CloseReason, _ actions: inout [Action]) {
        let last = outbox.takeAll() + [ConstantV09.disconnect]
        if way == .poll {
            actions.append(.answerPoll(last))
        } else {
            for packet in last { actions.append(.write(packet)) }
            actions.append(.endTransport)
        }
        state = .ended
        actions.append(.ended(reason))
    }
}

/// 0.9 packets that are always the same bytes.
package enum ConstantV09 {
    package static let disconnect = Outgoing.text(Array("0::".utf8))
    package static let connect = Outgoing.text(Array("1::".utf8))
    package static let heartbeat = Outgoing.text(Array("2::".utf8))
    package static let noop = Outgoing.text(Array("8::".utf8))
    /// The session is not known (any more): shake hands again.
    package static let notHandshaken = Array("7:::1+0".utf8)
}
