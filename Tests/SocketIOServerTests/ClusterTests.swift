import Logging
import SocketIO
import SocketIORedis
import SocketIOServer
import Synchronization
import TestSupport
import Testing

/// The application's words across three nodes and a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(1)))
struct ClusterTests {
    /// One node, and one client connected to it, in `/app`.
    struct Node {
        let edge: Edge
        let app: Namespace
        let client: RawClient
        let id: String
        let adapter: RedisAdapter

        /// The next message but for the server's pings.
        func hears() async throws -> String {
            while true {
                let frame = try await client.frame()
                if frame.opcode == 1, frame.text != "2" { return frame.text }
            }
        }

        /// Acknowledges a question with what it is told.
        func answers(_ answer: String) async throws {
            let asked = try await hears()
            let id = asked.drop { !$0.isNumber }.dropFirst(2).drop { !$0.isNumber }.prefix { $0.isNumber }
            try await client.say("43/app,\(id)[\"\(answer)\"]")
        }
    }

    /// Three nodes that hear each other; sockets may join rooms.
    private func run(
        _ redis: RedisServer? = nil, _ body: ([Node]) async throws -> Void
    ) async throws {
        try await add(to: [], redis ?? RedisServer(), body)
    }

    private func add(
        to nodes: [Node], _ redis: RedisServer, _ body: ([Node]) async throws -> Void
    ) async throws {
        guard nodes.count < 3 else {
            for node in nodes {
                while await node.adapter.peerCount(in: "/app") < 2 {
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            return try await body(nodes)
        }
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let adapter = try RedisAdapter(RedisAddress(port: redis.port), logger: silent)
        let number = nodes.count
        let app = Namespace("/app")
        app.onConnect { socket in socket.data = ["node": .number("\(number)")] }
        try app.on("join") { (socket: Socket, room: String) in
            try socket.join(room)
            try socket.emit("joined")
        }
        try app.onServerSide("count") { arguments in arguments + [.number("\(number)")] }
        let setup = Edge.Setup.with { server, settings in
            server.adapter = adapter
            server.nodes = adapter.nodes
            server.add(app)
            settings.threads = 2
        }
        try await Edge.run(setup) { edge in
            let client = try edge.client()
            try await client.openSocket(Edge.socket)
            _ = try await client.frame()
            try await client.say("40/app,")
            let welcome = try await client.frame().text
            let id = String(welcome.dropFirst(#"40/app,{"sid":""#.count).prefix(20))
            let node = Node(edge: edge, app: app, client: client, id: id, adapter: adapter)
            try await add(to: nodes + [node], redis, body)
        }
    }

    @Test func aBroadcastReachesTheSocketsOfEveryNodeOnce() async throws {
        try await run { nodes in
            try nodes[1].app.emit("news", 1)
            try nodes[1].app.to(nodes[2].id).emit("only", "you")
            try nodes[1].app.except(nodes[0].id).emit("others")
            try nodes[1].app.emit("last")
            let all = #"42/app,["news",1]"#
            for node in nodes { #expect(try await node.hears() == all) }
            #expect(try await nodes[0].hears() == #"42/app,["last"]"#)
            try nodes[0].app.local.emit("here")
            #expect(try await nodes[0].hears() == #"42/app,["here"]"#)
            #expect(try await nodes[1].hears() == #"42/app,["others"]"#)
            #expect(try await nodes[1].hears() == #"42/app,["last"]"#)
            #expect(try await nodes[2].hears() == #"42/app,["only","you"]"#)
            #expect(try await nodes[2].hears() == #"42/app,["others"]"#)
            #expect(try await nodes[2].hears() == #"42/app,["last"]"#)
        }
    }

    @Test func bytesTravelBetweenNodes() async throws {
        try await run { nodes in
            try nodes[0].app.emit("bytes", [UInt8]([1, 2, 255]))
            for node in nodes {
                #expect(try await node.hears() == #"451-/app,["bytes",{"_placeholder":true,"num":0}]"#)
                #expect(try await node.client.frame() == RawFrame(opcode: 2, payload: [1, 2, 255]))
            }
        }
    }

    @Test func everyClientOfEveryNodeIsAskedAndHeard() async throws {
        try await run { nodes in
            async let replies = nodes[0].app.timeout(.seconds(20)).emitWithAcks("who")
            for (number, node) in nodes.enumerated() { try await node.answers("\(number)") }
            let answers = try await replies.flatMap(\.arguments).compactMap(\.string)
            #expect(answers.sorted() == ["0", "1", "2"])
        }
    }

    @Test func socketsOfEveryNodeAreFetchedMovedAndSentAway() async throws {
        try await run { nodes in
            let sockets = await nodes[0].app.fetchSockets()
            #expect(Set(sockets.map(\.id)) == Set(nodes.map(\.id)))
            for (number, node) in nodes.enumerated() {
                let socket = sockets.first { $0.id == node.id }
                #expect(socket?.data == ["node": .number("\(number)")])
            }
            nodes[0].app.except(nodes[0].id).socketsJoin("room")
            try nodes[0].app.to("room").emit("in")
            for node in nodes.dropFirst() { #expect(try await node.hears() == #"42/app,["in"]"#) }
            nodes[0].app.to(nodes[1].id).socketsLeave("room")
            nodes[0].app.to("room").disconnectSockets()
            #expect(try await nodes[2].hears() == "41/app,")
            let left = await nodes[0].app.fetchSockets()
            #expect(Set(left.map(\.id)) == [nodes[0].id, nodes[1].id])
        }
    }

    @Test func serversSpeakToServers() async throws {
        try await run { nodes in
            let replies = try await nodes[0].app.timeout(.seconds(20)).serverSideEmitWithAcks("count", "a")
            let answers = replies.map(\.arguments).sorted { ($0.last?.int ?? 0) < ($1.last?.int ?? 0) }
            #expect(answers == [["a", 1], ["a", 2]])
        }
    }

    /// An acknowledgement behind it is never of something that ends with this process.
    @Test func whatIsPublishedHasReachedRedis() async throws {
        let redis = try RedisServer()
        try await run(redis) { nodes in
            let isResumed = Atomic<Bool>(false)
            redis.pause()
            try nodes[0].app.emit("news")
            async let wasTooEarly = {
                let hasReached = await nodes[0].app.published()
                return !hasReached || !isResumed.load(ordering: .relaxed)
            }()
            // So long that an answer that waits for nothing has come; the sockets here are served meanwhile.
            #expect(try await nodes[0].hears() == #"42/app,["news"]"#)
            for _ in 0..<20 { _ = try await nodes[0].edge.session() }
            isResumed.store(true, ordering: .relaxed)
            redis.resume()
            #expect(await wasTooEarly == false)
            #expect(try await nodes[1].hears() == #"42/app,["news"]"#)
            redis.kill()
            while nodes[0].adapter.isUp { try await Task.sleep(for: .milliseconds(1)) }
            #expect(await nodes[0].app.published() == false)
        }
    }
}
