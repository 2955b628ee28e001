import SocketIO
import Testing

/// What is counted, and that looking does not disturb.
@Suite struct MetricsTests {
    @Test func readersAreCountedByDialectAndTransport() {
        let stage = Stage { $0.serveWebSocket(named: "echo") { _, _ in } }
        let guest = stage.handshake()
        _ = stage.askSocket(Stage.socket)
        _ = stage.ask("GET", "/socket.io/?EIO=3&transport=polling")
        #expect(
            stage.shard.totals.metrics.open == [
                .init(dialect: "4", transport: "polling"): 1, .init(dialect: "4", transport: "websocket"): 1,
                .init(dialect: "2", transport: "polling"): 1,
            ])
        let probe = guest.upgrade()
        #expect(stage.shard.metrics.upgradesTried == 1 && stage.shard.metrics.upgradesWon == 0)
        for word in ["2probe", "5"] { probe.says(word, at: stage.now) }
        #expect(stage.shard.metrics.upgradesWon == 1)
        #expect(stage.shard.totals.metrics.open[.init(dialect: "4", transport: "websocket")] == 2)
    }

    @Test func entriesAreCountedWhereverTheyAreRead() {
        let stage = Stage()
        for target in ["/sse", "/text"] { stage.ask("GET", target) }
        _ = stage.askSocket("/ws")
        let guest = stage.handshake()
        guest.post("40")
        guest.poll()
        #expect(stage.shard.metrics.entries == 4)
        stage.pass(.milliseconds(1010))
        #expect(stage.shard.metrics.entries == 7, "who does not poll gets none")
        #expect(stage.shard.metrics.lateness.count == 3)
        // A slot of the wheel is 5 ms, and with a virtual clock nothing else is late.
        #expect(stage.shard.metrics.lateness.counts[0...2].reduce(0, +) == 3)
    }

    /// A reader that does not take what it has got is late by its own doing.
    @Test func ownSlownessIsNotLateness() {
        let stage = Stage()
        let link = stage.askSocket("/ws")
        link.stalls()
        stage.pass(.seconds(10))
        link.takes(at: stage.now)
        #expect(stage.shard.metrics.entries == 3)
        #expect(stage.shard.metrics.lateness.count == 0)
    }

    @Test(
        arguments: [
            (0, 0), (1_000_000, 0), (1_000_001, 1), (5_000_000, 2), (999_000_000, 8), (1_000_000_001, 9),
        ] as [(Int64, Int)])
    func spansFallIntoTheirBuckets(span: Int64, bucket: Int) {
        var histogram = Histogram()
        histogram.record(span)
        #expect(histogram.counts[bucket] == 1 && histogram.count == 1 && histogram.nanoseconds == span)
    }

    @Test func sumsAreSums() {
        var one = Metrics()
        one.refused("origin")
        one.entries = 2
        one.open = [.init(dialect: "4", transport: "polling"): 1]
        var other = Metrics()
        other.refused("origin")
        other.refused("not HTTP")
        other.slowReaders = 3
        other.open = [.init(dialect: "4", transport: "polling"): 2]
        let sum = one + other
        #expect(sum.refusals == ["origin": 2, "not HTTP": 1] && sum.entries == 2 && sum.slowReaders == 3)
        #expect(sum.open == [.init(dialect: "4", transport: "polling"): 3])
    }
}
