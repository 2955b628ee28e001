/// A moment, told to the core by whoever calls it: nothing in here reads a clock.
///
/// - Units: nanoseconds of a clock that never goes back; where its zero lies means nothing.
public struct Instant: Comparable, Hashable, Sendable {
    /// Since the clock's zero, wherever that lies.
    public var nanoseconds: Int64

    /// The moment that many nanoseconds after the clock's zero.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than every other moment: a deadline that never comes.
    @inlinable
    public static var distantFuture: Instant { Instant(nanoseconds: .max) }

    /// Whether `a` comes before `b`.
    @inlinable
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates instead of overflowing: `distantFuture` plus anything stays there.
    public static func + (moment: Instant, span: Duration) -> Instant {
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(span.wholeNanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }
}

extension Duration {
    /// This span in nanoseconds, rounded towards zero; longer than 292 years is cut to that.
    public var wholeNanoseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000)
    }

    /// This span in milliseconds, rounded towards zero: the unit of every Engine.IO handshake.
    public var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
