import SocketIO
import SocketIOCore
import Testing

/// A client that comes back with its cursor (Socket.IO 4, "Connection state recovery").
@Suite struct RecoveryTests {
    private let stage = Stage()

    /// The pid of the reply, and what is read behind it.
    private func join(_ packet: String, query: String = "") -> (pid: String, then: [RecordingLink.Event]) {
        let socket = stage.askSocket(Stage.socket + query)
        _ = socket.news()
        socket.says(packet, at: stage.now)
        let events = socket.news()
        guard case .text(let reply) = events.first else { return ("", events) }
        let ids = reply.split(separator: "\"")
        return (ids.count > 7 ? String(ids[7]) : "", Array(events.dropFirst()))
    }

    private static let one: [RecordingLink.Event] = [.text(#"42["line","one","1"]"#)]
    private static let two: [RecordingLink.Event] = [.text(#"42["line","two","2"]"#)]

    @Test func readingGoesOnBehindTheOffset() {
        let known = join("40").pid
        let back = join(#"40{"pid":"\#(known)","offset":"1"}"#)
        #expect(back.pid == known, "recovered")
        #expect(back.then == Self.two)
    }

    /// A cursor holds on any server; only the name "recovered" needs the pid.
    @Test func offsetAloneIsEnough() {
        let known = join("40").pid
        let back = join(#"40{"offset":"1","token":"x"}"#)
        #expect(back.pid != known && back.pid.count == 20)
        #expect(back.then == Self.two)
    }

    @Test(arguments: [#""x""#, #""4""#, #""-1""#, #""""#, "1", "null"])
    func offsetThatIsNoneStartsFromTheFirst(offset: String) {
        let known = join("40").pid
        let back = join(#"40{"pid":"\#(known)","offset":\#(offset)}"#)
        #expect(back.pid != known)
        #expect(back.then == Self.one)
    }

    @Test(arguments: [#""x""#, "7", "{}", #""AAAAAAAAAAAAAAAAAAA+""#])
    func pidThatIsNoneGetsAFreshOne(pid: String) {
        let back = join(#"40{"pid":\#(pid),"offset":"1"}"#)
        #expect(back.pid.count == 20 && back.pid != pid)
        #expect(back.then == Self.two)
    }

    @Test func pidWithoutAnOffsetIsNotRecovered() {
        let known = join("40").pid
        let back = join(#"40{"pid":"\#(known)"}"#)
        #expect(back.pid != known)
        #expect(back.then == Self.one)
    }

    @Test func cursorInTheHandshakeIsAsGood() {
        #expect(join("40", query: "&from=1").then == Self.two)
        #expect(join("40", query: "&from=9").then == Self.one)
        #expect(join(#"40{"offset":"2"}"#, query: "&from=1").then.first == .text(#"42["line","three","3"]"#))
    }

    @Test func cursorInThePollingHandshakeIsAsGood() {
        let guest = stage.handshake("&from=1")
        guest.post("40")
        #expect(guest.poll().body.hasSuffix(#"42["line","two","2"]"#))
    }

    @Test func behindTheLastEntryTheReadingIsOver() {
        #expect(join(#"40{"offset":"3"}"#).then == [.text("41"), .close(nil)])
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    /// Whoever finds it among the sockets finds it under the name that it was told.
    @Test func returnedReaderIsKnownByItsOldId() async throws {
        let first = stage.askSocket(Stage.socket)
        first.says("40", at: stage.now)
        let reply = first.news().compactMap { event -> String? in
            if case .text(let text) = event, text.hasPrefix("40") { text } else { nil }
        }
        let ids = try #require(reply.first).split(separator: "\"").map(String.init)
        first.hangsUp(at: stage.now)
        _ = join(#"40{"pid":"\#(ids[7])","offset":"1"}"#)
        let main = stage.server.namespace("/")
        let found = Task { await main.fetchSockets() }
        await stage.turn()
        #expect(await found.value.map(\.id) == [ids[3]])
        try main.to(ids[3]).emit("hello")
        await stage.turn()
    }
}
