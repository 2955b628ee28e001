import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import SocketIORedis

/// Against a real server. `Tests/run` installs one.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(1)))
struct RedisConnectionTests {
    enum Event: Equatable, Sendable {
        case up(revision: Int)
        case down
        case refused
        case message(String, String)
    }

    /// A connection, and what it says, in order.
    final class Line: Sendable {
        let connection: RedisConnection
        private let events: AsyncStream<Event>

        init(_ address: RedisAddress, _ role: RedisSession.Role, limits: RedisLimits = RedisLimits()) {
            let (stream, said) = AsyncStream.makeStream(of: Event.self)
            self.events = stream
            var events = RedisConnection.Events()
            events.up = { said.yield(.up(revision: $0)) }
            events.down = { _ in said.yield(.down) }
            events.refused = { _ in said.yield(.refused) }
            events.message = { said.yield(.message($0, String(decoding: $1, as: UTF8.self))) }
            connection = RedisConnection(
                address, role: role, limits: limits, on: MultiThreadedEventLoopGroup.singleton.next(),
                events: events)
        }

        func next() async -> Event? {
            for await event in events { return event }
            return nil
        }

        /// The next event that is no failed attempt.
        func nextButDown() async -> Event? {
            for await event in events where event != .down { return event }
            return nil
        }
    }

    static let options: [[String]] = [[], ["--rename-command", "HELLO", ""]]

    /// Both protocols: without HELLO a server is one before version 6, to a client.
    @Test(arguments: options)
    func publishesAndHears(options: [String]) async throws {
        let server = try RedisServer(options)
        let revision = options.isEmpty ? 3 : 2
        let subscriber = Line(server.address, .subscriber)
        subscriber.connection.subscribe("news")
        subscriber.connection.subscribe("room#*", isPattern: true)
        subscriber.connection.start()
        #expect(await subscriber.next() == .up(revision: revision))
        let commands = Line(server.address, .commands)
        commands.connection.start()
        #expect(await commands.next() == .up(revision: revision))
        #expect(try await commands.connection.ask("PUBLISH", "news", "one") == .integer(1))
        #expect(try await commands.connection.ask("PUBLISH", "room#a", "two") == .integer(1))
        #expect(await subscriber.next() == .message("news", "one"))
        #expect(await subscriber.next() == .message("room#a", "two"))
        await #expect(throws: RedisFault.self) { try await commands.connection.ask("NONSENSE") }
        await subscriber.connection.stop()
        await commands.connection.stop()
    }

    /// Nobody waits for it, so nobody else would know.
    @Test func refusalOfWhatWasToldIsSaid() async throws {
        let server = try RedisServer()
        let line = Line(server.address, .commands)
        line.connection.start()
        #expect(await line.next() == .up(revision: 3))
        line.connection.tell([Array("NONSENSE".utf8)])
        #expect(await line.next() == .refused)
        await line.connection.stop()
    }

    @Test(arguments: options)
    func authenticatesAndSelects(options: [String]) async throws {
        let server = try RedisServer(options + ["--requirepass", "s e@cret"])
        var address = server.address
        address.password = "s e@cret"
        address.database = 3
        let line = Line(address, .commands)
        line.connection.start()
        _ = await line.next()
        #expect(try await line.connection.ask("SET", "key", "value") == .simple("OK"))
        #expect(
            try await line.connection.ask("CLIENT", "INFO").text?.contains(" db=3 ") == true)
        await line.connection.stop()
        // A wrong password is said, not hung upon.
        address.password = "wrong"
        let wrong = Line(address, .commands)
        wrong.connection.start()
        #expect(await wrong.next() == .down)
        await wrong.connection.stop()
    }

    @Test func comesBackSubscribedAfterTheServerWasKilled() async throws {
        let server = try RedisServer()
        let subscriber = Line(server.address, .subscriber)
        subscriber.connection.subscribe("news")
        subscriber.connection.start()
        #expect(await subscriber.next() == .up(revision: 3))
        server.kill()
        #expect(await subscriber.next() == .down)
        // Asked for while away: in force with the rest.
        subscriber.connection.subscribe("more")
        try server.start()
        #expect(await subscriber.nextButDown() == .up(revision: 3))
        let commands = Line(server.address, .commands)
        commands.connection.start()
        #expect(try await commands.connection.ask("PUBLISH", "news", "one", mayWait: true) == .integer(1))
        #expect(try await commands.connection.ask("PUBLISH", "more", "two", mayWait: true) == .integer(1))
        #expect(await subscriber.next() == .message("news", "one"))
        #expect(await subscriber.next() == .message("more", "two"))
        await subscriber.connection.stop()
        await commands.connection.stop()
    }

    @Test func comesBackAfterClientKill() async throws {
        let server = try RedisServer()
        let subscriber = Line(server.address, .subscriber)
        subscriber.connection.subscribe("news")
        subscriber.connection.start()
        #expect(await subscriber.next() == .up(revision: 3))
        let commands = Line(server.address, .commands)
        commands.connection.start()
        let killed = try await commands.connection.ask("CLIENT", "KILL", "TYPE", "pubsub", mayWait: true)
        #expect(killed == .integer(1))
        #expect(await subscriber.next() == .down)
        #expect(await subscriber.nextButDown() == .up(revision: 3))
        #expect(try await commands.connection.ask("PUBLISH", "news", "again") == .integer(1))
        #expect(await subscriber.next() == .message("news", "again"))
        await subscriber.connection.stop()
        await commands.connection.stop()
    }

    /// What was told while the server was away arrives, once and in order, within the bound.
    @Test func whatWaitsIsSentInOrderOnceTheServerIsBack() async throws {
        let server = try RedisServer()
        server.kill()
        var limits = RedisLimits()
        limits.maxWaitingCommands = 3
        let commands = Line(server.address, .commands, limits: limits)
        commands.connection.start()
        #expect(await commands.next() == .down)
        for word in ["a", "b", "c", "lost"] {
            commands.connection.tell(["RPUSH", "list", word].map { Array($0.utf8) })
        }
        // Behind what was told.
        try await commands.connection.loop.submit {}.get()
        let counts = commands.connection.counts.withLock { $0 }
        #expect(counts.waiting == 3 && counts.dropped == 1 && counts.connections == 0)
        try server.start()
        #expect(await commands.nextButDown() == .up(revision: 3))
        let list = try await commands.connection.ask("LRANGE", "list", "0", "-1", mayWait: true)
        #expect(list.elements?.compactMap(\.text) == ["a", "b", "c"])
        await commands.connection.stop()
    }

    /// A server that takes bytes and says nothing is noticed, and what was asked is answered.
    @Test func silenceIsNoticed() async throws {
        let server = try RedisServer()
        var limits = RedisLimits()
        limits.commandTimeout = .milliseconds(200)
        limits.pingInterval = .milliseconds(200)
        let line = Line(server.address, .commands, limits: limits)
        line.connection.start()
        #expect(await line.next() == .up(revision: 3))
        server.pause()
        await #expect(throws: RedisFault.silent) { try await line.connection.ask("GET", "key") }
        #expect(await line.next() == .down)
        await #expect(throws: RedisFault.away) { try await line.connection.ask("GET", "key") }
        server.resume()
        #expect(await line.nextButDown() == .up(revision: 3))
        await line.connection.stop()
    }
}
