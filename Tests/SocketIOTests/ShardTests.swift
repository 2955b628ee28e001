import SocketIO
import Testing

@testable import SocketIOCore

/// Which loop a request belongs to, and how much one turn does.
@Suite struct ShardTests {
    private let stage = Stage()

    private func place(_ query: String, path: String = "/a/socket.io/") -> Shard.Place {
        stage.shard.place(of: Request(method: "GET", target: path + "?EIO=4&transport=polling" + query))
    }

    @Test func sidNamesTheLoopThatOwnsTheSession() {
        let other = SessionID(node: 0, loop: 5) { 1 }.text
        #expect(place("&sid=\(other)") == .loop(5))
        #expect(place("&sid=\(other)", path: "/sse") == .here, "only below the resource")
        #expect(place("&sid=\(SessionID(node: 0, loop: 3) { 1 }.text)") == .here, "this one")
        #expect(place("&sid=\(SessionID(node: 9, loop: 3) { 1 }.text)") == .node(9))
        #expect(place("&sid=nobody") == .here && place("") == .here)
    }

    @Test func onlyHTMLFilesAreStreams() {
        func streams(_ path: String, _ method: String = "GET") -> Bool {
            stage.shard.answersWithStream(Request(method: method, target: "/socket.io/1/" + path))
        }
        #expect(streams("htmlfile/x") && !streams("htmlfile/x", "POST") && !streams("xhr-polling/x"))
    }

    @Test func turnIsBounded() {
        let links = (0..<10).map { _ in stage.askSocket("/ws") }
        for link in links { _ = link.news() }
        let later = stage.now + .milliseconds(1010)
        #expect(stage.shard.advance(to: later, atMost: 4))
        #expect(links.filter { !$0.news().isEmpty }.count == 4)
        #expect(stage.shard.advance(to: later, atMost: 4))
        #expect(!stage.shard.advance(to: later, atMost: 4))
        #expect(links.filter { !$0.news().isEmpty }.count == 6)
    }
}
