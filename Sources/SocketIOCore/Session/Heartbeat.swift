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
@usableFromInline
package struct Heartbeat: Sendable {
    package enum Action: Equatable, Sendable {
        case none, sendPing
        case close(CloseReason)
    }
    package enum Side: Sendable { case server, client }

    private enum State: UInt8, Sendable { case waiting, pinged, listening, dead }

    /// When to call ``deadlineReached(at:)``; in the distant future once dead.
    @usableFromInline
    package private(set) var nextDeadline: Instant
    /// In milliseconds, up to 49 days: every client has both.
    private let intervalMilliseconds: UInt32
    private let timeoutMilliseconds: UInt32
    private var state: State

    package init(interval: Int64, timeout: Int64, pinging side: Side = .server, startingAt now: Instant) {
        intervalMilliseconds = Self.milliseconds(interval)
        timeoutMilliseconds = Self.milliseconds(timeout)
        state = side == .server ? .waiting : .listening
        nextDeadline = now
        nextDeadline = Instant(
            nanoseconds: now.nanoseconds &+ (side == .server ? self.interval : self.interval &+ self.timeout))
    }

    private var interval: Int64 { Int64(intervalMilliseconds) * 1_000_000 }
    private var timeout: Int64 { Int64(timeoutMilliseconds) * 1_000_000 }

    /// Rounded up.
    private static func milliseconds(_ nanoseconds: Int64) -> UInt32 {
        UInt32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0))
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
