import SocketIO
import SocketIOCore
import Synchronization
import Testing

/// Two servers that hear each other through an adapter.
@Suite struct ClusterTests {
    /// Carries every message to the other node at once.
    private final class Wire: Adapter {
        private let receiver = Mutex<(any ClusterReceiver)?>(nil)
        private let other = Mutex<Wire?>(nil)

        static func pair() -> (Wire, Wire) {
            let wires = (Wire(), Wire())
            wires.0.other.withLock { $0 = wires.1 }
            wires.1.other.withLock { $0 = wires.0 }
            return wires
        }

        func start(_ cluster: any ClusterReceiver) async throws { receiver.withLock { $0 = cluster } }
        func publish(_ message: ClusterMessage, in namespace: String) {
            other.withLock { $0 }?.receiver.withLock { $0 }?.received(message, in: namespace)
        }
        func peerCount(in namespace: String) async -> Int { 1 }
        func stop() async { receiver.withLock { $0 = nil } }
    }

    private struct Node {
        let stage: Stage
        let chat: Namespace
        let speaker: Speaker
        let socket: Socket

        init(_ wire: Wire, seed: UInt64) async throws {
            let arrivals = Notes<Socket>()
            stage = Stage(seed: seed) {
                $0.adapter = wire
                $0.namespace("/chat").onConnect { arrivals.write($0) }
            }
            try await stage.server.joinCluster()
            chat = stage.server.namespace("/chat")
            speaker = Speaker(.engine4, on: stage)
            speaker.join("/chat")
            socket = await arrivals.next()!
        }
    }

    private static func nodes() async throws -> (Node, Node) {
        let (a, b) = Wire.pair()
        return (try await Node(a, seed: 1_000), try await Node(b, seed: 2_000))
    }

    @Test func broadcastReachesBothNodesAndALocalOneItsOwn() async throws {
        let (a, b) = try await Self.nodes()
        try a.chat.emit("news", 1)
        await a.stage.turn()
        await b.stage.turn()
        #expect(a.speaker.news() == [a.speaker.event("news", "1", namespace: "/chat")])
        #expect(b.speaker.news() == [b.speaker.event("news", "1", namespace: "/chat")])
        try a.chat.local.emit("news", 2)
        await a.stage.turn()
        #expect(a.speaker.news().count == 1 && b.stage.loop.isIdle)
        try a.socket.to(b.socket.id).emit("private")
        await a.stage.turn()
        await b.stage.turn()
        #expect(
            a.speaker.news() == [] && b.speaker.news() == [b.speaker.event("private", namespace: "/chat")])
    }

    @Test func socketsOfBothAreFoundAndInstructed() async throws {
        let (a, b) = try await Self.nodes()
        let found = Task { [chat = a.chat] in await chat.fetchSockets() }
        await a.stage.turn()
        await b.stage.turn()
        #expect(Set(await found.value.map(\.id)) == [a.socket.id, b.socket.id])
        a.chat.socketsJoin("room")
        await a.stage.turn()
        await b.stage.turn()
        #expect(a.socket.rooms == ["room"] && b.socket.rooms == ["room"])
        a.chat.in(b.socket.id).disconnectSockets()
        await a.stage.turn()
        await b.stage.turn()
        #expect(b.speaker.news() == [.text("41/chat,")] && a.speaker.news() == [])
    }

    @Test func clientsOfBothAreAsked() async throws {
        let (a, b) = try await Self.nodes()
        let replies = Task { [chat = a.chat] in try await chat.timeout(.seconds(30)).emitWithAcks("ready") }
        await a.stage.turn()
        await b.stage.turn()
        b.speaker.acknowledge(0, #""b""#, namespace: "/chat")
        a.speaker.acknowledge(0, #""a""#, namespace: "/chat")
        #expect(Set(try await replies.value.compactMap(\.arguments.first?.string)) == ["a", "b"])
    }

    @Test func serversSpeakToEachOther() async throws {
        let (a, b) = try await Self.nodes()
        let heard = Notes<[JSON]>()
        try b.chat.onServerSide("ping") { arguments in
            heard.write(arguments)
            return ["pong"]
        }
        try a.chat.serverSideEmit("ping", 1)
        #expect(await heard.next() == [1])
        #expect(try await a.chat.serverSideEmitWithAcks("ping", 2).map(\.arguments) == [["pong"]])
        #expect(
            try await b.chat.serverSideEmitWithAcks("stop").map(\.arguments) == [[]],
            "one that handles no such event has nothing to say, at once")
    }
}
