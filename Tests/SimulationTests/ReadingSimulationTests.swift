import DanteAssets
import Recital
import SocketIO
import SocketIOCore
import Testing

@testable import dante

/// Every reader hears every stanza once and in order, whatever the network does. A failure names its seed: the
/// same seed replays it.
@Suite struct ReadingSimulationTests {
    static func app() throws -> RecitalApp {
        guard case .run(let settings) = try Settings.parse(arguments: [], environment: [:]) else {
            throw UsageError("no settings")
        }
        let poem = try Poem(title: "Inferno", utf8: EmbeddedFiles.longfellow)
        let assets = try Assets(publicDirectory: nil, clientScript: nil)
        return try RecitalApp(
            settings, poem: poem, source: .builtIn, assets: assets, startingAt: Instant(nanoseconds: 0))
    }

    static func readers(_ count: Int, in world: World, of app: RecitalApp) -> [SimulatedReader] {
        let stanzas = app.poem.stanzas.map(\.text)
        return (0..<count).map { index in
            switch index % 12 {
            case 0: RawReader(world, stanzas: stanzas)
            case 1: EventReader(world, stanzas: stanzas)
            case 2...4: EngineReader(world, stanzas: stanzas, way: EngineReader.Way.allCases[index % 12 - 2])
            case 5...7:
                EngineReader(
                    world, stanzas: stanzas, way: EngineReader.Way.allCases[index % 12 - 5], revision: 3)
            default: ReaderV09(world, stanzas: stanzas, transport: TransportV09.allCases[index % 12 - 8])
            }
        }
    }

    private func run(seed: UInt64, trouble: Trouble, readers count: Int, hostile: Int = 0) throws
        -> [SimulatedReader]
    {
        let app = try Self.app()
        let world = World(seed: seed, app: app, trouble: trouble)
        let readers = Self.readers(count, in: world, of: app)
        try hearAll(readers, in: world, seed: seed, hostile: hostile)
        return readers
    }

    private func hearAll(_ readers: [SimulatedReader], in world: World, seed: UInt64, hostile: Int = 0) throws
    {
        for reader in readers { world.after(world.between(.zero, .seconds(3))) { reader.start() } }
        for _ in 0..<hostile { HostileClient(world).start() }
        var unfinished = readers[...]
        world.run(until: world.now + .seconds(3 * 3600)) {
            while let last = unfinished.last, last.isDone || last.fault != nil { unfinished.removeLast() }
            return unfinished.isEmpty
        }
        for reader in readers {
            #expect(reader.fault == nil, "seed \(seed)")
            #expect(reader.isDone, "seed \(seed): \(type(of: reader)) is still at stanza \(reader.heard)")
        }
        if hostile == 0 {
            // Goodbyes that are still waited for have ended by now, and nothing of anybody is left.
            world.run(until: world.now + .seconds(120)) { false }
            #expect(world.shard.sessionCount == 0, "seed \(seed)")
            #expect(world.shard.readers == 0, "seed \(seed)")
        }
    }

    /// Those whose polls have answers: every way that polls, in every generation.
    private func pollingReaders(in world: World, of app: RecitalApp, isRestless: Bool = false)
        -> [SimulatedReader]
    {
        let stanzas = app.poem.stanzas.map(\.text)
        let engine = [EngineReader.Way.polling, .upgrade].flatMap { way in
            [3, 4, 4].map { revision in
                EngineReader(world, stanzas: stanzas, way: way, revision: revision, isRestless: isRestless)
            }
        }
        let before = [TransportV09.xhrPolling, .jsonpPolling].map {
            ReaderV09(world, stanzas: stanzas, transport: $0)
        }
        return engine + before
    }

    @Test(arguments: 0..<UInt64(12))
    func aQuietNetworkNeedsOneConnection(seed: UInt64) throws {
        for reader in try run(seed: seed, trouble: .none, readers: 24) where !(reader is EventReader) {
            #expect(reader.connections == 1, "seed \(seed): \(type(of: reader))")
        }
    }

    @Test(arguments: 100..<UInt64(140))
    func everyReaderHearsEveryStanzaOnceInOrder(seed: UInt64) throws {
        _ = try run(seed: seed, trouble: .bad, readers: 48)
    }

    @Test(arguments: 200..<UInt64(230))
    func alsoWhenNearlyEverythingIsCut(seed: UInt64) throws {
        _ = try run(seed: seed, trouble: .terrible, readers: 24)
    }

    @Test(arguments: 300..<UInt64(330))
    func whateverOthersSend(seed: UInt64) throws {
        _ = try run(seed: seed, trouble: .bad, readers: 12, hostile: 20)
    }

    /// The connection dies behind the server's answer and before the client: it polls again, in the same words or in
    /// others, or comes back.
    @Test(arguments: 400..<UInt64(430))
    func alsoWhenAnswersAreLostOnTheirWay(seed: UInt64) throws {
        let app = try Self.app()
        let world = World(seed: seed, app: app, trouble: .lostAnswers)
        try hearAll(pollingReaders(in: world, of: app), in: world, seed: seed)
        #expect(world.lostAnswers > 20, "seed \(seed)")
    }

    @Test(arguments: 500..<UInt64(540))
    func alsoWhenPollsUpgradesAndClosesCross(seed: UInt64) throws {
        let app = try Self.app()
        let world = World(seed: seed, app: app, trouble: seed % 2 == 0 ? .lostAnswers : .bad)
        try hearAll(pollingReaders(in: world, of: app, isRestless: true), in: world, seed: seed)
    }
}
