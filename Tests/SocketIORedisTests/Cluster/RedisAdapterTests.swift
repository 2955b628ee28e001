import Logging
import NIOPosix
import SocketIO
import SocketIOCore
import Synchronization
import TestSupport
import Testing

@testable import SocketIORedis

/// Nodes joined by a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(1)))
struct RedisAdapterTests {
    /// A node that keeps what it hears.
    final class Node: ClusterReceiver {
        let adapter: RedisAdapter
        private let heard: AsyncStream<ClusterMessage>
        private let said: AsyncStream<ClusterMessage>.Continuation

        init(_ address: RedisAddress, python: String? = nil) throws {
            (heard, said) = AsyncStream.makeStream(of: ClusterMessage.self)
            var options = RedisAdapter.Options()
            options.pythonChannel = python
            adapter = try RedisAdapter(
                address, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        /// Returns when it hears what others say in `/`.
        func start() async throws {
            adapter.open("/")
            await adapter.start(self)
            try await isUp()
        }

        func isUp() async throws {
            while !adapter.isUp { try await Task.sleep(for: .milliseconds(1)) }
        }

        func received(_ message: ClusterMessage, in namespace: String) { said.yield(message) }

        func next() async -> ClusterMessage? {
            for await message in heard { return message }
            return nil
        }
    }

    private func nodes(_ count: Int, on server: RedisServer, python: String? = nil) async throws -> [Node] {
        var nodes: [Node] = []
        for _ in 0..<count {
            let node = try Node(server.address, python: python)
            try await node.start()
            nodes.append(node)
        }
        return nodes
    }

    private func broadcast(_ text: String) -> ClusterMessage {
        .broadcast(Selection(rooms: ["r"]), event: ["say", .string(text)])
    }

    @Test func allOthersHearInOrder() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(3, on: server)
        #expect(await nodes[0].adapter.peerCount(in: "/") == 2)
        for number in 0..<100 { nodes[0].adapter.publish(broadcast("\(number)"), in: "/") }
        for node in nodes.dropFirst() {
            for number in 0..<100 { #expect(await node.next() == broadcast("\(number)")) }
        }
        // Its own words did not come back: the first thing it hears is somebody else's.
        nodes[1].adapter.publish(broadcast("other"), in: "/")
        #expect(await nodes[0].next() == broadcast("other"))
        for node in nodes { await node.adapter.stop() }
    }

    @Test func goesOnWhenRedisComesBack() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(2, on: server)
        server.kill()
        while nodes[0].adapter.isUp || nodes[1].adapter.isUp { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await nodes[0].adapter.peerCount(in: "/") == 0)
        try server.start()
        for node in nodes { try await node.isUp() }
        nodes[0].adapter.publish(broadcast("back"), in: "/")
        nodes[1].adapter.publish(broadcast("too"), in: "/")
        #expect(await nodes[1].next() == broadcast("back"))
        #expect(await nodes[0].next() == broadcast("too"))
        let status = try #require(nodes[0].adapter.status)
        #expect(status.losses == 2 && status.reconnects == 2 && status.published == 1 && status.received >= 1)
        for node in nodes { await node.adapter.stop() }
    }

    @Test func aNamespaceIsHeardFromItsOpeningToItsClosing() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(2, on: server)
        for node in nodes { node.adapter.open("/later") }
        while await nodes[0].adapter.peerCount(in: "/later") < 1 {}
        nodes[0].adapter.publish(broadcast("hi"), in: "/later")
        #expect(await nodes[1].next() == broadcast("hi"))
        nodes[1].adapter.close("/later")
        for node in nodes { await node.adapter.stop() }
    }

    @Test func pythonsChannelIsHeardAndSpokenOn() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(2, on: server, python: "socketio")
        nodes[0].adapter.publish(broadcast("once"), in: "/")
        // Heard before anything is published on another connection: nothing orders the two.
        #expect(await nodes[1].next() == broadcast("once"))
        let commands = RedisConnection(
            server.address, role: .commands, on: MultiThreadedEventLoopGroup.singleton.next())
        commands.start()
        let emit = #"{"method":"emit","event":"say","data":["python"],"room":"r","host_id":"p"}"#
        // Two listen: both of ours.
        #expect(try await commands.ask("PUBLISH", "socketio", emit, mayWait: true) == .integer(2))
        #expect(await nodes[1].next() == broadcast("python"))
        await commands.stop()
        for node in nodes { await node.adapter.stop() }
    }

    // MARK: Numbers

    @Test func numbersAreLeasedAndAddressesFound() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(2, on: server)
        let first = await nodes[0].adapter.nodes.join()
        let second = await nodes[1].adapter.nodes.join()
        #expect(first != second && first != 0 && second != 0)
        let address = NodeAddress(host: "10.1.2.3", port: 8888)
        await nodes[0].adapter.nodes.announce(address)
        #expect(await nodes[1].adapter.nodes.address(of: first) == address)
        #expect(nodes[0].adapter.nodes.secret == nodes[1].adapter.nodes.secret)
        #expect(nodes[0].adapter.nodes.secret?.isEmpty == false)
        await nodes[0].adapter.stop()
        // Released with the goodbye; a third node does not remember it.
        let third = try Node(server.address)
        try await third.start()
        _ = await third.adapter.nodes.join()
        #expect(await third.adapter.nodes.address(of: first) == nil)
        await nodes[1].adapter.stop()
        await third.adapter.stop()
    }

    @Test func addressesAreRememberedWhileRedisIsAway() async throws {
        let server = try RedisServer()
        let nodes = try await nodes(2, on: server)
        let first = await nodes[0].adapter.nodes.join()
        _ = await nodes[1].adapter.nodes.join()
        let address = NodeAddress(host: "::1", port: 8888)
        await nodes[0].adapter.nodes.announce(address)
        #expect(await nodes[1].adapter.nodes.address(of: first) == address)
        server.kill()
        try await Task.sleep(for: RedisNodes.maxAge)
        #expect(await nodes[1].adapter.nodes.address(of: first) == address)
        for node in nodes { await node.adapter.stop() }
    }
}
