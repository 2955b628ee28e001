import Testing

@testable import SocketIOCore

extension Instant {
    /// A moment of the tests' own clock, in milliseconds.
    static func ms(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
}

@Suite struct InstantTests {
    @Test(
        arguments: [
            (Duration.zero, 0),
            (.nanoseconds(1), 1),
            (.milliseconds(-1500), -1_500_000_000),
            // Less than a nanosecond is dropped, on both sides of zero.
            (Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999), 1),
            (Duration(secondsComponent: 0, attosecondsComponent: -1_999_999_999), -1),
            (
                Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_807_000_000_000),
                Int64.max
            ),
            // One nanosecond more is cut.
            (
                Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 854_775_808_000_000_000),
                Int64.max
            ),
            (.seconds(Int64.max), Int64.max),
            (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)])
    func countsWholeNanoseconds(span: Duration, nanoseconds: Int64) {
        #expect(span.wholeNanoseconds == nanoseconds)
    }

    @Test(
        arguments: [(Duration.microseconds(1999), 1), (.microseconds(-1999), -1), (.seconds(20), 20_000)]
            as [(Duration, Int64)])
    func countsWholeMilliseconds(span: Duration, milliseconds: Int64) {
        #expect(span.wholeMilliseconds == milliseconds)
    }

    @Test func staysInTheDistantFuture() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.ms(1) + .seconds(Int64.max) == .distantFuture)
        #expect(Instant.distantFuture > Instant.ms(1) + .seconds(1_000_000))
    }

    @Test func addsASpan() {
        #expect(Instant.ms(5) + .milliseconds(7) == .ms(12))
        #expect(Instant.ms(5) + .milliseconds(-7) == .ms(-2))
        #expect(Instant.ms(5) < .ms(6))
    }
}
