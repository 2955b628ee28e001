import NIOCore
import NIOPosix
import SocketIO
import SocketIOServer
import Testing

/// A server inside a host's pipeline, beside the host's own handlers.
struct MountTests {
    private static let socket = "/engine.io/?EIO=4&transport=websocket"
    private static let hello = "the host's /hello"

    @Test(arguments: Host.Pipeline.allCases)
    func bothAnswerOnOneConnection(pipeline: Host.Pipeline) async throws {
        try await Host.run(pipeline) { host in
            let client = try host.client()
            try await client.get("/hello")
            #expect(try await client.answer().body == Self.hello)
            try await client.get(Edge.polling)
            let session = Edge.polling + "&sid=" + (try await client.answer().sid)
            try await client.post("/echo", "one\ntwo")
            #expect(try await client.answer().body == "one\ntwo")
            try await client.post(session, "40")
            #expect(try await client.answer().body == "ok")
            try await client.get(session)
            #expect(try await client.answer().body.hasPrefix("40{"))
            try await client.get("/hello")
            #expect(try await client.answer().body == Self.hello)
            try await Self.talk(on: client)
        }
    }

    /// Opens a WebSocket on a connection that has served before, says something long, and leaves.
    private static func talk(on client: RawClient) async throws {
        #expect(try await client.openSocket(socket).status == 101)
        #expect(try await client.frame().text.hasPrefix("0{"))
        let long = "4" + String(repeating: "è", count: 200_000)
        for _ in 1...3 {
            try await client.say(long)
            #expect(try await client.frame().text == long)
        }
        try await client.send(RawClient.frame(9, Array("here?".utf8)))
        #expect(try await client.frame() == .pong("here?"))
        try await client.send(RawClient.frame(8, [3, 232]))
        #expect(try await client.frame() == .close(1000))
        #expect(try await client.rest() == "")
    }

    /// The host's answer is late, and ours at hand: they leave in the order of the requests all the same.
    @Test(arguments: Host.Pipeline.allCases)
    func pipelinedRequestsAreAnsweredInOrder(pipeline: Host.Pipeline) async throws {
        try await Host.run(pipeline) { host in
            let client = try host.client()
            let targets = ["/held", Edge.polling, "/hello", Edge.polling, Edge.polling]
            try await client.send(targets.map { RawClient.request("GET", $0) }.joined())
            try await Self.release(host)
            #expect(try await client.answer().body == "held")
            #expect(try await client.answer().body.hasPrefix("0{"))
            #expect(try await client.answer().body == Self.hello)
            #expect(try await client.answer().body.hasPrefix("0{"))
            #expect(try await client.answer().body.hasPrefix("0{"))
        }
    }

    /// Once the host has got the request whose answer it keeps back.
    private static func release(_ host: Host) async throws {
        while host.gate.isEmpty { await Task.yield() }
        let client = try host.client()
        try await client.get("/release")
        #expect(try await client.answer().body == "released")
    }

    @Test func streamIsAnAnswerLikeAnyOther() async throws {
        try await Host.run(feed: Lines(interval: .milliseconds(1))) { host in
            let client = try host.client()
            try await client.get("/text")
            let answer = try await client.answer()
            #expect(answer.header("Transfer-Encoding") == "chunked")
            #expect(answer.body == "onetwothree")
            try await client.send(RawClient.request("HEAD", "/text"))
            #expect(try await client.answer(toHead: true).status == 200)
            try await client.get("/hello")
            #expect(try await client.answer().body == Self.hello)
        }
    }

    @Test func firstEntryOfAStreamDoesNotWait() async throws {
        try await Host.run { host in
            let client = try host.client()
            try await client.get("/text")
            #expect(try await client.head().status == 200)
            #expect(try await client.chunk() == "one")
        }
    }

    @Test func oldHTTPGetsNoChunks() async throws {
        try await Host.run(feed: Lines(interval: .milliseconds(1))) { host in
            let client = try host.client()
            try await client.send("GET /text HTTP/1.0\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.header("Transfer-Encoding") == nil)
            #expect(answer.body == "onetwothree")
        }
    }

    @Test func unknownSessionIsRefusedAndTheConnectionStays() async throws {
        try await Host.run { host in
            let client = try host.client()
            try await client.get(Edge.polling + "&sid=AAAAAAAAAAAAAAAAAAAA")
            let answer = try await client.answer()
            #expect(answer.status == 400)
            #expect(answer.body.contains(#""code":1"#))
            try await client.get("/hello")
            #expect(try await client.answer().body == Self.hello)
        }
    }

    @Test func sessionIsReachedFromAnotherLoop() async throws {
        try await Host.run { host in
            let (first, second) = try await host.clientsOnTwoLoops()
            try await first.get("/engine.io/?EIO=4&transport=polling")
            let sid = try await first.answer().sid
            try await second.post("/engine.io/?EIO=4&transport=polling&sid=\(sid)", "4from afar")
            #expect(try await second.answer().body == "ok")
            try await second.get("/engine.io/?EIO=4&transport=polling&sid=\(sid)")
            #expect(try await second.answer().body == "4from afar")
            #expect(try await second.openSocket(Self.socket + "&sid=\(sid)").status == 101)
            try await second.say("2probe")
            #expect(try await second.frame().text == "3probe")
            try await second.say("5")
            try await second.say("4moved")
            #expect(try await second.frame().text == "4moved")
        }
    }

    /// Bodies are bounded where they are ours, and the host's business where not.
    @Test func onlyOurBodiesAreBounded() async throws {
        try await Host.run { server, _ in
            server.settings.maxPayload = 1000
        } _: { host in
            let client = try host.client()
            let long = String(repeating: "x", count: 100_000)
            try await client.post("/echo", long)
            #expect(try await client.answer().body == long)
            try await client.post(Edge.polling + "&sid=AAAAAAAAAAAAAAAAAAAA", String(long.prefix(1001)))
            let answer = try await client.answer()
            #expect(answer.status == 413)
            #expect(answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    @Test func clientIsAskedForTheBodyItWaitsWith() async throws {
        try await Host.run { host in
            let (client, address) = try await Self.session(host)
            let headers = ["Content-Length: 6", "Expect: 100-continue"]
            try await client.send(RawClient.request("POST", address, headers))
            #expect(try await client.head().status == 100)
            try await client.send("4hello")
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body == "4hello")
        }
    }

    /// The host's handler for errors has answered when we hear of it.
    @Test func bodyThatIsNoHTTPIsRefusedByTheHost() async throws {
        try await Host.run { host in
            let (client, address) = try await Self.session(host)
            try await client.send(
                RawClient.request("POST", address, ["Transfer-Encoding: chunked"]) + "6\r\n4h")
            try await client.send("ello\r\nnonsense\r\n")
            #expect(try await client.answer().status == 400)
            #expect(try await client.rest() == "")
            while try await host.mount.totals().connections > 0 { await Task.yield() }
        }
    }

    @Test func strictServerKeepsToItsPath() async throws {
        try await Host.run { server, _ in
            server.settings.basePath = "/live/"
        } _: { host in
            let client = try host.client()
            try await client.get(Edge.polling)
            #expect(try await client.answer().body == "the host's \(Edge.polling)")
            try await client.get("/live" + Edge.polling)
            #expect(try await client.answer().body.hasPrefix("0{"))
        }
    }

    // MARK: Upgrades

    /// Behind it NIO's decoder reads no more: the next request would hang.
    @Test func offerOfAnotherProtocolEndsTheConnection() async throws {
        try await Host.run { host in
            let client = try host.client()
            try await client.get(Edge.polling, "Connection: Upgrade", "Upgrade: h2c")
            let answer = try await client.answer()
            #expect(answer.status == 200)
            #expect(answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    /// NIO's decoder keeps them to itself; without them the frames would make no sense.
    @Test func framesInOneReadWithTheirHandshakeAreRefused() async throws {
        try await Host.run { host in
            let client = try host.client()
            let handshake = RawClient.request("GET", Self.socket, RawClient.handshakeHeaders)
            try await client.send(Array(handshake.utf8) + RawClient.frame(1, Array("4early".utf8)))
            #expect(try await client.answer().status == 400)
            #expect(try await client.rest() == "")
        }
    }

    @Test func refusedHandshakeEndsTheConnection() async throws {
        try await Host.run { host in
            let client = try host.client()
            #expect(try await client.openSocket(Self.socket + "&sid=AAAAAAAAAAAAAAAAAAAA").status == 400)
        }
    }

    @Test func hostMayUpgradeToItsOwnProtocol() async throws {
        try await Host.run(.upgrading) { host in
            let client = try host.client()
            try await client.get(Edge.polling)
            #expect(try await client.answer().status == 200)
            try await client.get("/anything", "Connection: Upgrade", "Upgrade: shout")
            #expect(try await client.head().status == 101)
            try await client.send("hello")
            #expect(try await client.take { $0.count >= 6 ? 6 : nil } == Array("hello!".utf8))
        }
    }

    // MARK: Ends

    @Test func shutdownEndsWhatIsOursAndNothingElse() async throws {
        try await Host.run { host in
            let (poller, address) = try await Self.session(host)
            let talker = try host.client()
            try await talker.openSocket(Self.socket)
            #expect(try await talker.frame().text.hasPrefix("0{"))
            try await poller.get(address)
            while try await host.mount.totals().connections < 2 { await Task.yield() }
            await host.mount.shutdown()
            #expect(try await poller.answer().body == "1")
            #expect(try await talker.frame().opcode == 8)
            let totals = try await host.mount.totals()
            #expect(totals.connections == 0 && totals.sessions == 0 && totals.isDraining)

            let client = try host.client()
            try await client.get(Edge.polling)
            #expect(try await client.answer().status == 503)
            let other = try host.client()
            try await other.get("/hello")
            #expect(try await other.answer().body == Self.hello)
        }
    }

    private static func session(_ host: Host) async throws -> (RawClient, String) {
        let client = try host.client()
        try await client.get("/engine.io/?EIO=4&transport=polling")
        return (client, "/engine.io/?EIO=4&transport=polling&sid=" + (try await client.answer().sid))
    }

    /// NIO's handlers would wait for the end of a WebSocket for ever, or cut a held poll off.
    @Test func hostThatStopsEndsOurExchangesWell() async throws {
        try await Host.run { host in
            let (poller, address) = try await Self.session(host)
            let talker = try host.client()
            try await talker.openSocket(Self.socket)
            #expect(try await talker.frame().text.hasPrefix("0{"))
            try await poller.get(address)
            while try await host.mount.totals().connections < 2 { await Task.yield() }
            host.quiesce()
            let answer = try await poller.answer()
            #expect(answer.body == "1")
            #expect(answer.header("Connection") == "close")
            #expect(try await poller.rest() == "")
            #expect(try await talker.frame().opcode == 8)
        }
    }

    /// The host lets clients end their half of a connection; one that waits for a poll is gone then.
    @Test func clientThatEndsItsHalfIsGone() async throws {
        try await Host.run { host in
            let (poller, address) = try await Self.session(host)
            try await poller.get(address)
            while try await host.mount.totals().connections < 1 { await Task.yield() }
            poller.endOutput()
            #expect(try await poller.rest() == "")
            while try await host.mount.totals().connections > 0 { await Task.yield() }
        }
    }

    @Test func bodyThatDoesNotComeEndsTheConnection() async throws {
        try await Host.run { _, settings in
            settings.bodyTimeout = .milliseconds(20)
        } _: { host in
            let (client, address) = try await Self.session(host)
            try await client.send(RawClient.request("POST", address, ["Content-Length: 5"]) + "4a")
            #expect(try await client.rest() == "")
        }
    }

    // MARK: Mistakes

    /// A channel of another group, and one that speaks no HTTP.
    @Test func wrongChannelsAreRefused() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let mount = try await Mount(Server(), on: group)
        let groups = [(group, MountError.noHTTPCodec), (MultiThreadedEventLoopGroup.singleton, .unknownLoop)]
        for (group, expected) in groups {
            await #expect(throws: expected) {
                try await ServerBootstrap(group: group)
                    .serverChannelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture { try mount.add(to: channel) }
                    }
                    .bind(host: "127.0.0.1", port: 0).get()
            }
        }
        await mount.shutdown()
        try await group.shutdownGracefully()
    }
}
