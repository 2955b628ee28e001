internal import SocketIOServer

/// How often something may happen: `burst` times at once, and then once each `interval`.
///
/// Kept as one instant, the one at which the bucket would be full again; so it costs nothing while nothing happens.
///
/// - Source: the "generic cell rate algorithm" of ITU-T I.371, in its virtual scheduling form.
struct TokenBucket: Equatable, Sendable {
    let burst: Int
    let interval: Duration
    private var full = Instant(nanoseconds: .min)

    /// - Parameter burst: at least 1.
    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// Takes one token.
    ///
    /// - Returns: nil when there was one; else how long it takes until there is.
    mutating func take(at now: Instant) -> Duration? {
        let next = max(full, now)
        let earliest = Instant(nanoseconds: next.nanoseconds - interval.wholeNanoseconds * Int64(burst - 1))
        if earliest > now { return .nanoseconds(earliest.nanoseconds - now.nanoseconds) }
        full = next + interval
        return nil
    }
}
