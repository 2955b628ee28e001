import SocketIO
import SocketIOCore
import Testing

/// Bare WebSockets that an application serves itself.
@Suite struct RawSocketTests {
    private static func stage(maxBuffered: Int = 1000) -> Stage {
        Stage {
            $0.settings.maxBuffered = maxBuffered
            $0.serveWebSocket(named: "echo") { socket, message in
                switch message {
                case .text("bye"): socket.close()
                case .text("where"): socket.send(.text(socket.request.target))
                default: socket.send(message)
                }
            }
        }
    }

    @Test func messagesComeInOrderAndGoBack() {
        let stage = Self.stage()
        let link = stage.askSocket("/any/prefix/echo?a=1")
        #expect(link.news() == [.socket])
        link.says("è", at: stage.now)
        link.says(binary: [0, 255], at: stage.now)
        link.says("where", at: stage.now)
        #expect(link.news() == [.text("è"), .binary([0, 255]), .text("/any/prefix/echo?a=1")])
    }

    @Test func aFeedOfTheSamePortKeepsItsAddress() {
        let stage = Self.stage()
        #expect(stage.askSocket("/ws").news() == [.socket, .text("one")])
    }

    @Test func nothingIsSentBehindTheClose() {
        let stage = Self.stage()
        let link = stage.askSocket("/echo")
        _ = link.news()
        link.says("bye", at: stage.now)
        link.says("late", at: stage.now)
        #expect(link.news() == [.close(1000)])
    }

    @Test func answersWaitUntilTheClientTakesThem() {
        let stage = Self.stage()
        let link = stage.askSocket("/echo")
        _ = link.news()
        link.stalls()
        for text in ["a", "b", "c"] { link.says(text, at: stage.now) }
        #expect(link.news() == [])
        link.takes(at: stage.now)
        #expect(link.news() == [.text("a"), .text("b"), .text("c")])
    }

    @Test func aClientThatTakesNothingIsDropped() {
        let stage = Self.stage(maxBuffered: 10)
        let link = stage.askSocket("/echo")
        _ = link.news()
        link.stalls()
        link.says("0123456789", at: stage.now)
        #expect(link.news() == [])
        link.says("x", at: stage.now)
        #expect(link.news() == [.abort])
        link.takes(at: stage.now)
        #expect(link.news() == [])
    }

    @Test func silenceIsBrokenByPings() {
        let stage = Self.stage()
        let link = stage.askSocket("/echo")
        _ = link.news()
        stage.pass(.seconds(41))
        #expect(link.news() == [.ping, .ping])
    }

    @Test func theServersEndIsAGoodbye() {
        let stage = Self.stage()
        let link = stage.askSocket("/echo")
        _ = link.news()
        link.delegate?.linkMustEnd(link, at: stage.now)
        #expect(link.news() == [.close(1001)])
    }

    @Test func whoAsksForNoWebSocketIsToldSo() {
        let stage = Self.stage()
        let link = stage.ask("GET", "/echo")
        #expect(link.response?.status == 426)
    }

    @Test func aStrangerIsNotLetIn() {
        let stage = Stage {
            $0.authorize = { _ in .refused() }
            $0.serveWebSocket(named: "echo") { socket, message in socket.send(message) }
        }
        #expect(stage.askSocket("/echo").response?.status == 403)
    }
}
