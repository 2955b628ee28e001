/// Engine.IO 4 heartbeat: the server pings, the client answers, silence closes.
///
///     waiting ──interval──▶ pinged ──timeout──▶ dead
///        ▲                    │
///        └────── pong ────────┘
///
/// - Units: nanoseconds inside, `Duration` outside. The machine reads no clock: every call is told the time.
/// - Source: engine.io-protocol 4, "Heartbeat"; engine.io `lib/socket.ts`.
package struct Heartbeat: Sendable {
    package enum Action: Equatable, Sendable {
        case none, sendPing
        case close(CloseReason)
    }

    private enum State: UInt8, Sendable { case waiting, pinged, dead }

    private var state = State.waiting
    private let interval: Int64
    private let timeout: Int64

    /// When to call ``deadlineReached(at:)``; in the distant future once dead.
    package private(set) var nextDeadline: Instant

    package init(interval: Int64, timeout: Int64, startingAt now: Instant) {
        self.interval = interval
        self.timeout = timeout
        nextDeadline = Instant(nanoseconds: now.nanoseconds &+ interval)
    }

    /// A call before the deadline does nothing: the wheel may be early for a deadline that has moved.
    package mutating func deadlineReached(at now: Instant) -> Action {
        guard now >= nextDeadline else { return .none }
        switch state {
        case .waiting:
            state = .pinged
            nextDeadline = Instant(nanoseconds: now.nanoseconds &+ timeout)
            return .sendPing
        case .pinged:
            state = .dead
            nextDeadline = .distantFuture
            return .close(.pingTimeout)
        case .dead:
            return .none
        }
    }

    /// A pong nobody asked for restarts the interval too, as in the reference.
    package mutating func pongReceived(at now: Instant) {
        guard state != .dead else { return }
        state = .waiting
        nextDeadline = Instant(nanoseconds: now.nanoseconds &+ interval)
    }
}
