import TestSupport
import Testing

@testable import SocketIOCore

@Suite struct WheelTests {
    private final class Alarm: Timed {
        var scheduled = Instant.distantFuture
        let name: Int
        init(_ name: Int) { self.name = name }
        func deadlineReached(at now: Instant) {}
    }

    private static func due(_ wheel: inout Wheel, at now: Instant) -> [Int] {
        var names: [Int] = []
        while let timed = wheel.popDue(at: now) { names.append((timed as? Alarm)?.name ?? -1) }
        return names
    }

    @Test func emptyWheelNeverWakes() {
        var wheel = Wheel(width: .milliseconds(5), startingAt: .ms(100))
        #expect(wheel.nextWake == nil)
        #expect(Self.due(&wheel, at: .ms(1_000_000)).isEmpty)
    }

    @Test func slotFiresAtItsEnd() {
        var wheel = Wheel(width: .milliseconds(5), startingAt: .ms(100))
        wheel.arm(Alarm(1), at: .ms(112))
        #expect(wheel.nextWake == .ms(115))
        #expect(Self.due(&wheel, at: .ms(114)).isEmpty)
        #expect(Self.due(&wheel, at: .ms(115)) == [1])
        #expect(wheel.nextWake == nil)
    }

    @Test func armedAgainCountsOnce() {
        var wheel = Wheel(width: .milliseconds(5), startingAt: .ms(0))
        let alarm = Alarm(1)
        wheel.arm(alarm, at: .ms(12))
        wheel.arm(alarm, at: .ms(52))
        #expect(Self.due(&wheel, at: .ms(40)).isEmpty)
        wheel.arm(alarm, at: .ms(52))
        #expect(Self.due(&wheel, at: .ms(60)) == [1])
        #expect(alarm.scheduled == .distantFuture)
    }

    @Test func pastDeadlineFiresWithTheNextSlot() {
        var wheel = Wheel(width: .milliseconds(5), startingAt: .ms(100))
        wheel.arm(Alarm(1), at: .ms(3))
        #expect(wheel.nextWake == .ms(105))
        #expect(Self.due(&wheel, at: .ms(105)) == [1])
    }

    /// 64 slots of 5 ms reach 320 ms; what lies beyond waits in the last slot, as often as needed.
    @Test func deadlineBeyondTheSpanWaits() {
        var wheel = Wheel(width: .milliseconds(5), slotCount: 64, startingAt: .ms(0))
        wheel.arm(Alarm(1), at: .ms(1002))
        wheel.arm(Alarm(2), at: .distantFuture)
        var fired: [Int64] = []
        for _ in 0..<100 where fired.isEmpty {
            guard let wake = wheel.nextWake else { break }
            if Self.due(&wheel, at: wake) == [1] { fired.append(wake.nanoseconds / 1_000_000) }
        }
        #expect(fired == [1005])
    }

    @Test func deadlineThatArmsAnotherIsFollowedByIt() {
        var wheel = Wheel(width: .milliseconds(5), startingAt: .ms(0))
        wheel.arm(Alarm(1), at: .ms(2))
        #expect((wheel.popDue(at: .ms(50)) as? Alarm)?.name == 1)
        wheel.arm(Alarm(2), at: .ms(3))
        #expect(Self.due(&wheel, at: .ms(50)) == [2])
    }

    /// Random deadlines, moved and fired in steps of random length: nobody is early, nobody is forgotten, and
    /// who wakes when told to is at most one slot late.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func nobodyIsEarlyOrForgotten(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now = Int64.random(in: 0...1_000_000, using: &random)
        var wheel = Wheel(width: .milliseconds(5), slotCount: 64, startingAt: .ms(now))
        let alarms = (0..<200).map(Alarm.init)
        var wanted: [Int: Instant] = [:]
        for alarm in alarms {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let deadline = Instant.ms(now + Int64.random(in: -50...2000, using: &random))
                wanted[alarm.name] = deadline
                wheel.arm(alarm, at: deadline)
            }
        }
        while let wake = wheel.nextWake, now < 2_000_000 {
            now = max(now, wake.nanoseconds / 1_000_000)
            let isPunctual = Bool.random(using: &random)
            if !isPunctual { now += Int64.random(in: 1...700, using: &random) }
            for name in Self.due(&wheel, at: .ms(now)) {
                guard let deadline = wanted.removeValue(forKey: name) else {
                    Issue.record("seed \(seed): \(name) fired twice")
                    continue
                }
                #expect(deadline <= .ms(now), "seed \(seed): early")
            }
            let late = wanted.values.filter { $0 + .milliseconds(5) < .ms(now) }
            #expect(late.isEmpty, "seed \(seed): late at \(now)")
        }
        #expect(wanted.isEmpty, "seed \(seed): forgotten")
    }
}
