import SocketIO
import Testing

/// Who answers which path.
@Suite struct RouterTests {
    private let stage = Stage()

    @Test(arguments: [
        ("/", "page"), ("/dante/", "page"), ("/a/b//", "page"), ("//", "page"), ("/?x=/sse", "page"),
        ("/status", "readers 7"), ("/a/status?x", "readers 7"),
        ("/socket.io/", "Welcome to socket.io."), ("/a//socket.io/", "Welcome to socket.io."),
        ("/a/socket.io//", "Welcome to socket.io."), ("/%73ocket.io/socket.io.js", "script"),
        ("/a/socket.io/b/socket.io/socket.io.js", "script"), ("//socket.io//socket.io.js", "script"),
        ("/favicon.ico", #"{"error":"not found"}"#), ("/a.b/c.d", #"{"error":"not found"}"#),
    ])
    func tailOfThePathDecides(target: String, body: String) {
        #expect(stage.ask("GET", target).body == body)
    }

    @Test(arguments: ["/sse", "/a/sse", "//sse", "/a%20b/sse", "/%73se", "/sse?x=/text"])
    func streamIsFoundBelowAnyPrefix(target: String) {
        #expect(stage.ask("GET", target).news().first == .stream)
    }

    @Test(arguments: ["/sse/", "/xsse", "/sse.x", "/%2Fsse", "/a%2Fsse", "/SSE"])
    func otherNameIsNoStream(target: String) {
        let events = stage.ask("GET", target).news()
        #expect(events != [] && events.first != .stream)
    }

    @Test(arguments: [
        ("/dante", "./dante/"), ("/a/dante", "./dante/"), ("/dante?x=1&y=/2", "./dante/?x=1&y=/2"),
        ("/a%20b", "./a%20b/"), ("//dante", "./dante/"), ("/v1.2", "./v1.2/"), ("/a.b/c2.3", "./c2.3/"),
        ("/javascript:alert(1)", "./javascript:alert(1)/"),
    ])
    func prefixWithoutItsSlashIsRedirected(target: String, location: String) throws {
        let response = try #require(stage.ask("GET", target).response)
        #expect(response.status == 302 && response.header("Location") == location)
        #expect(stage.ask("HEAD", target).response?.status == 302)
        #expect(stage.ask("POST", target).response?.status == 404)
    }

    @Test(arguments: ["GET", "HEAD", "POST", "OPTIONS", "BREW"])
    func whatIsAlwaysAnsweredIsForEveryMethod(method: String) {
        let stage = Stage { $0.page = { name, _ in .always(.text(200, "hello \(name)")) } }
        #expect(stage.ask(method, "/there").body == "hello there")
        #expect(stage.ask("GET", "/socket.io/").body == "Welcome to socket.io.", "but what is Socket.IO's")
    }

    @Test func pageIsReadOnly() throws {
        let options = try #require(stage.ask("OPTIONS", "/").response)
        #expect(options.status == 204 && options.header("Allow") == "GET, HEAD, OPTIONS")
        for method in ["POST", "PUT", "DELETE", "BREW"] {
            let response = try #require(stage.ask(method, "/status").response)
            #expect(response.status == 405 && response.header("Allow") == "GET, HEAD, OPTIONS")
        }
        #expect(stage.ask("POST", "/nosuch.x").response?.status == 404)
    }

    // MARK: With a base path

    private let strict = Stage { $0.settings.basePath = "/apps/dante/" }

    @Test(arguments: [
        "/apps/dante/", "/apps/dante/?x", "//apps//dante/", "/%61pps/dante/", "/apps/dante/status",
        "/apps/dante/socket.io/", "/apps/dante/socket.io/socket.io.js",
    ])
    func pathInsideIsServed(target: String) {
        #expect(strict.ask("GET", target).response?.status == 200)
    }

    @Test func basePathWithoutItsSlashIsRedirected() throws {
        let response = try #require(strict.ask("GET", "/apps/dante?x").response)
        #expect(response.status == 302 && response.header("Location") == "./dante/?x")
    }

    @Test(arguments: [
        "/", "/apps/", "/dante/", "/apps/dantes/", "/x/apps/dante/", "/apps/dante/x/", "/apps/dante/x/sse",
        "/sse",
        "/socket.io/?EIO=4&transport=polling", "/apps/dantesocket.io/", "/apps%2Fdante/",
    ])
    func pathOutsideIsToldWhereToGo(target: String) throws {
        let link = strict.ask("GET", target)
        #expect(link.news() == [.answer(404, #"{"error":"not found","basePath":"/apps/dante/"}"#)])
    }

    @Test func readersOutsideAreRefusedToo() {
        #expect(strict.askSocket("/ws").response?.status == 404)
        #expect(strict.askSocket("/apps/dante/ws").news().first == .socket)
        #expect(strict.ask("GET", "/apps/dante/sse").news().first == .stream)
        #expect(strict.handshakeAnswer("/apps/dante").hasPrefix("0{"))
    }
}

extension Stage {
    fileprivate func handshakeAnswer(_ prefix: String) -> String { ask("GET", prefix + Stage.polling).body }
}
