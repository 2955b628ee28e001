import SocketIO
import Testing

@testable import SocketIOCore

/// Which loop a request belongs to, and how much one turn does.
@Suite struct ShardTests {
    private let stage = Stage()

    private func owner(_ query: String, path: String = "/a/socket.io/") -> UInt8? {
        stage.shard.owner(of: Request(method: "GET", target: path + "?EIO=4&transport=polling" + query))
    }

    @Test func sidNamesTheLoopThatOwnsTheSession() {
        let other = SessionID(node: 0, loop: 5) { 1 }.text
        #expect(owner("&sid=\(other)") == 5)
        #expect(owner("&sid=\(other)", path: "/sse") == nil, "only below the resource")
        #expect(owner("&sid=\(SessionID(node: 0, loop: 3) { 1 }.text)") == nil, "this one")
        #expect(owner("&sid=\(SessionID(node: 9, loop: 5) { 1 }.text)") == nil, "another node's")
        #expect(owner("&sid=nobody") == nil && owner("") == nil)
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
