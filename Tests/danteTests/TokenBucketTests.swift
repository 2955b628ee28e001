import SocketIOServer
import Testing

@testable import dante

@Suite struct TokenBucketTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func aBurstIsFreeAndThenTheRateCounts() {
        var bucket = TokenBucket(burst: 3, interval: .seconds(1))
        #expect(bucket.take(at: at(500)) == nil)
        #expect(bucket.take(at: at(500)) == nil)
        #expect(bucket.take(at: at(600)) == nil)
        #expect(bucket.take(at: at(600)) == .milliseconds(900))
        #expect(bucket.take(at: at(1499)) == .milliseconds(1))
        #expect(bucket.take(at: at(1500)) == nil)
        #expect(bucket.take(at: at(1500)) == .seconds(1))
    }

    @Test func itFillsToItsBurstAndNoFurther() {
        var bucket = TokenBucket(burst: 2, interval: .seconds(1))
        for time: Int64 in [0, 0, 100_000, 100_000] { #expect(bucket.take(at: at(time)) == nil) }
        #expect(bucket.take(at: at(100_000)) == .seconds(1))
    }

    /// Whatever the times, no window holds more than the burst and what has flowed in meanwhile.
    @Test func noWindowHoldsMoreThanItMay() {
        var bucket = TokenBucket(burst: 4, interval: .milliseconds(250))
        var taken: [Int64] = []
        for time in stride(from: Int64(0), to: 20_000, by: 7) where bucket.take(at: at(time)) == nil {
            taken.append(time)
        }
        for (index, first) in taken.enumerated() {
            for last in taken[index...] {
                let count = taken.count { (first...last).contains($0) }
                #expect(count <= 4 + Int((last - first) / 250) + 1)
            }
        }
        #expect(taken.count >= 4 + 19_000 / 250)
    }
}
