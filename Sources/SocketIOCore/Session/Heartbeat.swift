/// Heartbeat of one connection: whose turn it is to speak, and when silence means death.
///
/// When the server pings (Engine.IO 4, Socket.IO 0.9), only an answer counts:
///
///     waiting ──interval──▶ pinged ──timeout──▶ dead
///        ▲                    │
///        └────── pong ────────┘
///
/// When the client pings (Engine.IO 2 and 3), whatever it sends counts:
///
///     listening ──interval + timeout of silence──▶ dead
///
/// - Units: nanoseconds. The machine reads no clock: every call is told the time.
/// - Source: engine.io-protocol 4 and 3, "Heartbeat"; engine.io `lib/socket.ts`; socket.io 0.9 `lib/transport.js`.
package struct Heartbeat: Sendable {
    package enum Action: Equatable, Sendable {
        case none, sendPing
        case close(CloseReason)
    }
    package enum Side: Sendable { case server, client }

    private enum State: UInt8, Sendable { case waiting, pinged, listening, dead }

    private var state: State
    private let interval: Int64
    private let timeout: Int64

    /// When to call ``deadlineReached(at:)``; in the distant future once dead.
    package private(set) var nextDeadline: Instant

    package init(interval: Int64, timeout: Int64, pinging side: Side = .server, startingAt now: Instant) {
        self.interval = interval
        self.timeout = timeout
        state = side == .server ? .waiting : .listening
        nextDeadline = Instant(
            nanoseconds: now.nanoseconds &+ (side == .server ? interval : interval &+ timeout))
    }

    /// A call before the deadline does nothing: the wheel may be early for a deadline that has moved.
    package mutating func deadlineReached(at now: Instant) -> Action {
        guard now >= nextDeadline else { return .none }
        switch state {
        case .waiting:
            state = .pinged
            nextDeadline = Instant(nanoseconds: now.nanoseconds &+ timeout)
            return .sendPing
        case .pinged, .listening:
            state = .dead
            nextDeadline = .distantFuture
            return .close(.pingTimeout)
        case .dead:
            return .none
        }
    }

    /// A pong nobody asked for restarts the interval too, as in the reference. It means nothing where the client
    /// pings.
    package mutating func pongReceived(at now: Instant) {
        guard state == .waiting || state == .pinged else { return }
        state = .waiting
        nextDeadline = Instant(nanoseconds: now.nanoseconds &+ interval)
    }

    /// Any packet: a sign of life where the client pings.
    package mutating func packetReceived(at now: Instant) {
        guard state == .listening else { return }
        nextDeadline = Instant(nanoseconds: now.nanoseconds &+ interval &+ timeout)
    }
}
