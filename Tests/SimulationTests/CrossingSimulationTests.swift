import SocketIO
import Testing

/// Polls, upgrades and closes that cross each other, with clients that make nothing good: what a reader's cursor would
/// mend shows here.
@Suite struct CrossingSimulationTests {
    private func run(seed: UInt64, trouble: Trouble) -> [Talker] {
        let ledger = Ledger()
        let world = World(seed: seed, server: ledger.server(), trouble: trouble)
        let talkers = (0..<20).map { Talker(world, ledger, revision: 3 + $0 % 2) }
        for talker in talkers { world.after(world.between(.zero, .seconds(1))) { talker.start() } }
        world.run(until: world.now + .seconds(3600)) {
            talkers.allSatisfy { $0.isDone || $0.fault != nil } || ledger.fault != nil
        }
        #expect(ledger.fault == nil, "seed \(seed)")
        for talker in talkers {
            #expect(talker.fault == nil, "seed \(seed)")
            #expect(talker.isDone || ledger.fault != nil, "seed \(seed): \(talker.deeds.suffix(10))")
        }
        world.run(until: world.now + .seconds(120)) { false }
        #expect(world.shard.sessionCount == 0, "seed \(seed)")
        return talkers
    }

    @Test(arguments: 600..<UInt64(640))
    func eachNumberIsHeardOnceAtBothEnds(seed: UInt64) {
        let talkers = run(seed: seed, trouble: [.hasty, .lostAnswers, .bad][Int(seed % 3)])
        let deeds = Set(talkers.flatMap(\.deeds))
        for deed in [
            "upgrade", "broken upgrade", "switch", "rival", "second poll", "closes", "is closed",
            "leaves its WebSocket", "speaks behind the end",
        ] { #expect(deeds.contains(deed), "seed \(seed)") }
    }
}
