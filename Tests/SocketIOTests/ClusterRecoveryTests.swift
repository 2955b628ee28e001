import SocketIOCore
import Synchronization
import Testing

@testable import SocketIO

/// Corners of recovery in a cluster; what holds in any run is in the simulation.
@Suite(.timeLimit(.minutes(1))) struct ClusterRecoveryTests {
    private final class Node {
        let stage: Stage
        let post: SharedMemory.Post
        let arrivals: Notes<Socket>

        init(_ memory: SharedMemory, _ name: String, seed: UInt64) async throws {
            let post = SharedMemory.Post(memory, origin: name)
            let arrivals = Notes<Socket>()
            stage = Stage(seed: seed) { server in
                server.adapter = post
                server.settings.recovery = RecoverySettings()
                server.namespace("/chat").onConnect { arrivals.write($0) }
                server.namespaces { $0.hasPrefix("/room") }.onConnect { arrivals.write($0) }
            }
            self.post = post
            self.arrivals = arrivals
            try await stage.server.joinCluster()
        }

        func join(_ namespace: String, auth: String = "") async throws -> (speaker: Speaker, socket: Socket) {
            let (speaker, socket, _) = try await joinAndHear(namespace, auth: auth)
            return (speaker, socket)
        }

        func joinAndHear(
            _ namespace: String, auth: String = ""
        ) async throws -> (speaker: Speaker, socket: Socket, heard: [String]) {
            let speaker = Speaker(.engine4, on: stage)
            var heard = speaker.join(namespace, auth: auth)
            var socket: Socket?
            while socket == nil {
                while !stage.loop.isIdle { await stage.turn() }
                if arrivals.isEmpty { await Task.yield() } else { socket = await arrivals.next() }
            }
            heard += speaker.news()
            return (speaker, try #require(socket), heard.compactMap(Visitor.text))
        }

        func settle() async {
            while post.read() {}
            while !stage.loop.isIdle { await stage.turn() }
        }

        func heard(of node: Node, in namespace: String) -> UInt64? {
            stage.server.namespace(namespace).recovery?.state.withLock { $0.heard[node.post.origin]?.number }
        }
    }

    private let memory = SharedMemory()

    private func nodes() async throws -> (Node, Node) {
        (try await Node(memory, "node-a", seed: 1_000), try await Node(memory, "node-b", seed: 2_000))
    }

    private func kept() -> [RecoverableEvent] { memory.state.withLock { $0.events } }

    /// Otherwise offsets of others would stay behind what the store has dropped.
    @Test func othersCountEventsForOne() async throws {
        let (a, b) = try await nodes()
        let (speaker, socket) = try await a.join("/chat")
        for number in 0..<3 { try socket.emit("own", number) }
        await a.settle()
        await b.settle()
        #expect(speaker.news().count == 3)
        let last = try #require(kept().last)
        #expect(kept().count == 3 && b.heard(of: a, in: "/chat") == last.mark.number)
    }

    /// With numbers that begin anew, others would take what it says for what they have heard.
    @Test func namespaceThatComesBackGoesOnInItsNumbers() async throws {
        let (a, b) = try await nodes()
        let (reader, _) = try await b.join("/room")
        for round in 0..<20 {
            let (speaker, socket) = try await a.join("/room")
            try socket.namespace.emit("news", round)
            await a.settle()
            await b.settle()
            let heard = reader.news().compactMap(Visitor.text).map(Visitor.withoutOffset)
            #expect(heard == [#"42/room,["news",\#(round)]"#])
            speaker.link.hangsUp(at: a.stage.now)
            await a.settle()
        }
        #expect(kept().map(\.previous) == [0] + kept().map(\.mark.number).dropLast())
    }

    @Test func namespaceThatIsReplacedGoesOnInItsNumbers() async throws {
        let (a, b) = try await nodes()
        let (reader, _) = try await b.join("/chat")
        for round in 0..<20 {
            a.stage.server.add(Namespace("/chat"))
            try a.stage.server.namespace("/chat").emit("news", round)
            await a.settle()
            await b.settle()
            let heard = reader.news().compactMap(Visitor.text).map(Visitor.withoutOffset)
            #expect(heard == [#"42/chat,["news",\#(round)]"#])
        }
    }

    /// Said on one node before another has the namespace; then a client moves, and is the first to make that node ask.
    @Test(arguments: [true, false])
    func oldHistoryIsNobodysNews(isStoreThere: Bool) async throws {
        let (a, b) = try await nodes()
        let (first, socket, welcome) = try await a.joinAndHear("/room")
        let pid = try #require(welcome.last).split(separator: "\"")[7]
        for number in 0..<3 { try socket.namespace.emit("news", number) }
        await a.settle()
        await b.settle()
        let offset = Visitor.offset(try #require(first.news().compactMap(Visitor.text).last))
        memory.state.withLock { $0.isAway = !isStoreThere }
        let (reader, _) = try await b.join("/room")
        memory.state.withLock { $0.isAway = false }
        first.link.hangsUp(at: a.stage.now)
        try socket.namespace.emit("news", 3)
        let back = try await b.joinAndHear("/room", auth: #"{"pid":"\#(pid)","offset":"\#(offset)"}"#)
        await b.settle()
        let news = #"42/room,["news",3]"#
        #expect(back.socket.isRecovered && back.heard.dropLast().map(Visitor.withoutOffset) == [news])
        #expect(reader.news().compactMap(Visitor.text).map(Visitor.withoutOffset) == [news])
    }

    /// A longer offset would be none.
    @Test func offsetHasRoomForSoManyNodes() async throws {
        let (a, _) = try await nodes()
        let (speaker, _) = try await a.join("/chat")
        let ear = ClusterEar(registry: a.stage.server.registry)
        for number in 0..<300 {
            let mark = EventMark(origin: "n\(10_000 + number)", number: 1)
            ear.received(.recoverable(Selection(), event: ["news"], mark: mark), in: "/chat")
        }
        await a.settle()
        let offset = Visitor.offset(try #require(speaker.news().compactMap(Visitor.text).last))
        #expect(RecoveryOffset(offset)?.all.count == RecoveryOffset.maxNodes)
    }

    /// Away here, back here and being judged, and taken by another node meanwhile: there it is from now on.
    @Test func whoIsTakenAtTheDoorIsNotLetIn() async throws {
        let (a, _) = try await nodes()
        let (speaker, socket) = try await a.join("/chat")
        let log = try #require(socket.namespace.recovery)
        let pid = try #require(socket.stay?.pid)
        try socket.namespace.emit("news")
        await a.settle()
        let offset = Visitor.offset(try #require(speaker.news().compactMap(Visitor.text).last))
        speaker.link.hangsUp(at: a.stage.now)
        var claim = try #require(RecoveryLog.Claim(["pid": .string(pid), "offset": .string(offset)]))
        guard case .back(let back) = log.find(&claim, at: a.stage.now) else {
            Issue.record("a stranger")
            return
        }
        log.taken(pid: pid)
        #expect(!log.arrived(socket, pid: pid, back: back))
    }
}
