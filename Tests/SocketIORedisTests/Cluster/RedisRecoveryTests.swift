import Logging
import NIOPosix
import SocketIO
import SocketIOCore
import TestSupport
import Testing

@testable import SocketIORedis

/// Clients and events that nodes remember together, with a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(1)))
struct RedisRecoveryTests {
    /// A node that tells what was taken from it.
    private final class Node: ClusterReceiver {
        let adapter: RedisAdapter
        let taken: AsyncStream<String>
        private let told: AsyncStream<String>.Continuation

        init(_ server: RedisServer) async throws {
            (taken, told) = AsyncStream.makeStream(of: String.self)
            adapter = try RedisAdapter(
                server.address, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await adapter.start(self)
            while !adapter.isUp { try await Task.sleep(for: .milliseconds(1)) }
        }

        var store: any RecoveryStore { adapter.recovery! }
        func received(_ message: ClusterMessage, in namespace: String) {}
        func taken(pid: String, in namespace: String) { told.yield("\(pid) in \(namespace)") }
    }

    private static let settings = RecoverySettings()
    private static let ann = RecoverableSession(
        id: "a", rooms: ["r", "s t"], data: ["name": "Ann", "key": .binary([0, 255])])

    private func with(nodes count: Int, _ test: ([Node], RedisServer) async throws -> Void) async throws {
        let server = try RedisServer()
        var nodes: [Node] = []
        for _ in 0..<count { nodes.append(try await Node(server)) }
        try await test(nodes, server)
        for node in nodes { await node.adapter.stop() }
    }

    private func keep(_ node: Node, _ session: RecoverableSession = ann, isNew: Bool = true) async {
        node.store.keep(session, pid: "p", isNew: isNew, in: "/a b", within: Self.settings)
        // An answer to what is asked behind it: Redis has it.
        _ = await node.store.heads(in: "/a b")
    }

    @Test func clientIsFoundOnceAndItsNodeHearsOfIt() async throws {
        try await with(nodes: 3) { nodes, _ in
            await keep(nodes[0])
            #expect(await nodes[1].store.take(pid: "p", in: "/other") == .unknown)
            #expect(await nodes[1].store.take(pid: "p", in: "/a b") == .found(Self.ann))
            #expect(await nodes[2].store.take(pid: "p", in: "/a b") == .busy)
            #expect(await nodes[0].taken.first { _ in true } == "p in /a b")
            // The node it was with has not heard of that yet when it writes once more.
            await keep(nodes[0], RecoverableSession(id: "late", rooms: [], data: [:]), isNew: false)
            nodes[0].store.left(nil, pid: "p", in: "/a b", within: Self.settings)
            await keep(nodes[1])
            await keep(nodes[0], RecoverableSession(id: "late", rooms: [], data: [:]), isNew: false)
            #expect(await nodes[2].store.take(pid: "p", in: "/a b") == .found(Self.ann))
        }
    }

    @Test func whoLeftForGoodIsForgottenAndOthersAfterTheirTime() async throws {
        try await with(nodes: 2) { nodes, _ in
            await keep(nodes[0])
            nodes[0].store.left(nil, pid: "p", in: "/a b", within: Self.settings)
            await keep(nodes[0], isNew: false)
            #expect(await nodes[1].store.take(pid: "p", in: "/a b") == .unknown)
            await keep(nodes[0])
            var short = RecoverySettings()
            short.maxDisconnectionDuration = .milliseconds(1)
            nodes[0].store.left(Self.ann, pid: "p", in: "/a b", within: short)
            _ = await nodes[0].store.heads(in: "/a b")
            while await nodes[1].store.take(pid: "p", in: "/a b") != .unknown {
                // Found in its last moment, it is put back.
                await keep(nodes[0])
                nodes[0].store.left(Self.ann, pid: "p", in: "/a b", within: short)
            }
        }
    }

    /// Those who are there do not run out; those of a killed node do.
    @Test func presentClientsAreKeptAlive() async throws {
        try await with(nodes: 1) { nodes, server in
            var short = RecoverySettings()
            short.maxDisconnectionDuration = .seconds(2)
            nodes[0].store.keep(Self.ann, pid: "p", isNew: true, in: "/", within: short)
            _ = await nodes[0].store.heads(in: "/")
            let commands = RedisConnection(
                server.address, role: .commands, on: MultiThreadedEventLoopGroup.singleton.next())
            commands.start()
            let key = "socket.io-session#/#p"
            #expect(try await commands.ask("PERSIST", key, mayWait: true) == .integer(1))
            // Without an end, until its node says again that it is there.
            while try await commands.ask("PTTL", key) == .integer(-1) {
                try await Task.sleep(for: .milliseconds(5))
            }
            await commands.stop()
        }
    }

    private func record(
        _ node: Node, _ number: UInt64, previous: UInt64, settings: RecoverySettings = settings
    ) {
        let event = RecoverableEvent(
            mark: EventMark(origin: node.store.origin, number: number), previous: previous,
            selection: Selection(rooms: ["r"], except: ["x"]),
            event: ["say", .number("\(number)"), .binary([1])])
        node.store.record(event, in: "/", within: settings)
    }

    private func heard(_ node: Node, after heard: [String: UInt64]) async -> [UInt64]? {
        await node.store.events(after: heard, in: "/", within: Self.settings)?.map(\.mark.number)
    }

    @Test func eventsOfAllNodesComeInTheirOrder() async throws {
        try await with(nodes: 3) { nodes, _ in
            let origins = nodes.map(\.store.origin)
            #expect(Set(origins).count == 3 && origins.allSatisfy { $0.utf8.count == 6 })
            for (node, number, previous) in [(0, 5, 0), (1, 100, 0), (0, 9, 5), (1, 101, 100), (0, 10, 9)] {
                record(nodes[node], UInt64(number), previous: UInt64(previous))
                _ = await nodes[node].store.heads(in: "/")
            }
            #expect(await heard(nodes[2], after: [:]) == [5, 100, 9, 101, 10])
            #expect(await heard(nodes[2], after: [origins[0]: 5, origins[1]: 101]) == [9, 10])
            // A number between two that were kept: of an event of another node.
            #expect(await heard(nodes[0], after: [origins[0]: 7, origins[1]: 100]) == [9, 101, 10])
            #expect(await nodes[2].store.heads(in: "/") == [origins[0]: 10, origins[1]: 101])
            let events = await nodes[2].store.events(
                after: [origins[0]: 9, origins[1]: 101], in: "/", within: Self.settings)
            #expect(
                events == [
                    RecoverableEvent(
                        mark: EventMark(origin: origins[0], number: 10), previous: 9,
                        selection: Selection(rooms: ["r"], except: ["x"]), event: ["say", 10, .binary([1])])
                ])
            #expect(await nodes[2].store.events(after: [:], in: "/else", within: Self.settings) == [])
        }
    }

    /// Lost on the way to Redis, trimmed there, or more than anybody may miss: whoever needs it starts afresh.
    @Test func gapIsNoticed() async throws {
        try await with(nodes: 1) { nodes, server in
            let origin = nodes[0].store.origin
            record(nodes[0], 1, previous: 0)
            record(nodes[0], 3, previous: 2)
            record(nodes[0], 4, previous: 3)
            #expect(await heard(nodes[0], after: [:]) == nil)
            #expect(await heard(nodes[0], after: [origin: 1]) == nil)
            #expect(await heard(nodes[0], after: [origin: 2]) == [3, 4])
            var few = RecoverySettings()
            few.maxEvents = 1
            #expect(await nodes[0].store.events(after: [origin: 2], in: "/", within: few) == nil)
            // Redis trims in whole nodes of some hundred entries.
            for number in 5...1_000 {
                record(nodes[0], UInt64(number), previous: UInt64(number - 1), settings: few)
            }
            #expect(await heard(nodes[0], after: [origin: 4]) == nil)
            server.kill()
            while nodes[0].adapter.isUp { try await Task.sleep(for: .milliseconds(1)) }
            #expect(await heard(nodes[0], after: [origin: 1_000]) == nil)
            #expect(await nodes[0].store.take(pid: "p", in: "/") == .unknown)
            await nodes[0].adapter.stop()
            #expect(await nodes[0].store.take(pid: "p", in: "/") == .unknown, "and the question ends")
        }
    }

    /// More than one page of them, and a bound that nothing can be added to.
    @Test func longStreamIsReadToItsEnd() async throws {
        try await with(nodes: 1) { nodes, _ in
            let origin = nodes[0].store.origin
            for number in 1...1_200 { record(nodes[0], UInt64(number), previous: UInt64(number - 1)) }
            #expect(await heard(nodes[0], after: [origin: 100]) == Array(101...1_200))
            #expect(await heard(nodes[0], after: [origin: 200]) == Array(201...1_200), "whole pages")
            var any = RecoverySettings()
            any.maxEvents = .max
            #expect(await nodes[0].store.events(after: [:], in: "/", within: any)?.count == 1_200)
            #expect(await heard(nodes[0], after: ["nobody": 7, origin: 1_199]) == [1_200])
        }
    }

    /// Servers of other kinds read three elements.
    @Test func markIsReadByThisKindAlone() {
        var dialogue = AdapterDialogue(prefix: "socket.io", randomness: 1)
        var other = AdapterDialogue(prefix: "socket.io", randomness: 2)
        let mark = EventMark(origin: "abcdef", number: 7)
        let said = ClusterMessage.recoverable(Selection(), event: ["e"], mark: mark)
        let letter = dialogue.outgoing(said, in: "/")
        let heard = letter.flatMap { other.incoming(channel: $0.channel, payload: $0.payload) }
        #expect(heard?.message == said)
        let parts = letter.flatMap { (try? MessagePack.decode($0.payload[...]))?.array }
        #expect(parts?.count == 4 && parts?[1]["data"] == ["e"])
        // Such a mark has no place in an offset.
        for mark in [EventMark(origin: "abcdefg", number: 7), EventMark(origin: "abcdef", number: 1 << 42)] {
            let letter = dialogue.outgoing(.recoverable(Selection(), event: ["e"], mark: mark), in: "/")
            let heard = letter.flatMap { other.incoming(channel: $0.channel, payload: $0.payload) }
            #expect(heard?.message == .broadcast(Selection(), event: ["e"]))
        }
    }
}
