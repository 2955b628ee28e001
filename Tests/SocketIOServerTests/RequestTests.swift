import SocketIOServer
import Testing

/// HTTP/1 requests in all the forms a client or a proxy may send them (RFC 9112).
@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    @Test func connectionIsKept() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            for target in ["/", "/?again"] {
                try await client.get(target)
                let answer = try await client.answer()
                #expect(answer.status == 200 && answer.body == "GET \(target)")
                #expect(answer.header("Connection") == nil && answer.header("Date") != nil)
            }
            try await client.get("/", "Connection: close")
            #expect(try await client.answer().header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    /// Who asks, and under which name, as the application sees it: what a stranger forwards is nothing.
    @Test(arguments: [
        (["127.0.0.0/8"], "GET /who HTTP/1.1\r\nHost: own\r\n", "192.0.2.1 true poem.example"),
        (["192.0.2.0/24"], "GET /who HTTP/1.1\r\nHost: own\r\n", "127.0.0.1 false own"),
        (["192.0.2.0/24"], "GET http://target:1/who HTTP/1.1\r\nHost: own\r\n", "127.0.0.1 false target:1"),
        (["192.0.2.0/24"], "GET /who HTTP/1.0\r\n", "127.0.0.1 false nobody"),
    ])
    func clientBehindAProxyIsFound(trusted: [String], request: String, who: String) async throws {
        let forwarded =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: poem.example\r\n"
        try await Edge.run(.with { $1.trustedProxies = trusted.compactMap { AddressRange($0) } }) { edge in
            let client = try edge.client()
            try await client.send(request + forwarded + "\r\n")
            #expect(try await client.answer().body == who)
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            let targets = ["/a/", "/count", "/b/", "/count", "/count", "/c/"]
            try await client.send(targets.map { RawClient.request("GET", $0) }.joined())
            for target in targets {
                let body = try await client.answer().body
                #expect(body == (target == "/count" ? "1 0 0" : "GET \(target)"))
            }
            try await client.get("/d/")
            #expect(try await client.answer().body == "GET /d/", "and the connection still reads")
        }
    }

    @Test func requestMayComeByteByByte() async throws {
        try await Edge.run { edge in
            let (client, address) = try await edge.session()
            let request = RawClient.request("POST", address, ["Content-Length: 2"]) + "40"
            for byte in request.utf8 { try await client.send([byte]) }
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body.hasPrefix("40{"))
        }
    }

    @Test func http10EndsItsConnectionUnlessAsked() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let kept = try await client.answer()
            #expect(kept.header("Connection") == "keep-alive" && kept.body == "GET /")
            try await client.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try await client.answer().header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    @Test func http10StreamIsEndedByItsConnection() async throws {
        try await Edge.run(.with(Lines(interval: .milliseconds(1)))) { edge in
            let client = try edge.client()
            try await client.send("GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.header("Transfer-Encoding") == nil && answer.header("Connection") == "close")
            #expect(answer.body == "onetwothree")
        }
    }

    @Test func headAnswerHasNoBody() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(RawClient.request("HEAD", "/") + RawClient.request("HEAD", "/text"))
            #expect(try await client.answer(toHead: true).header("Content-Length") == "6")
            #expect(try await client.answer(toHead: true).header("Transfer-Encoding") == "chunked")
            try await client.get("/")
            #expect(try await client.answer().body == "GET /")
        }
    }

    @Test func streamIsChunkedAndKeepsTheConnection() async throws {
        try await Edge.run(.with(Lines(interval: .milliseconds(1)))) { edge in
            let client = try edge.client()
            // The second one waits for the end of the stream.
            try await client.send(RawClient.request("GET", "/text") + RawClient.request("GET", "/"))
            #expect(try await client.head().header("Transfer-Encoding") == "chunked")
            for line in ["one", "two", "three", nil] { #expect(try await client.chunk() == line) }
            #expect(try await client.answer().body == "GET /")
        }
    }

    @Test func firstEntryComesAtOnce() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.get("/text")
            _ = try await client.head()
            #expect(try await client.chunk() == "one")
        }
    }

    // MARK: Bodies

    @Test func chunkedBodyIsJoined() async throws {
        try await Edge.run { edge in
            let (client, address) = try await edge.session()
            try await client.send(RawClient.request("POST", address, ["Transfer-Encoding: chunked"]))
            for part in ["4\r\n40/n\r\n", "3;x=y\r\noo", ",\r", "\n0\r\nTrailer: x\r\n\r\n"] {
                try await client.send(part)
            }
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body == #"44/noo,{"message":"Invalid namespace"}"#)
        }
    }

    @Test func bodyOfExactlyTheLimitPasses() async throws {
        try await Edge.run(.with { server, _ in server.settings.maxPayload = 10 }) { edge in
            let (client, address) = try await edge.session()
            try await client.post(address, "40/nobody,")
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body.hasPrefix("44/nobody,"))
        }
    }

    @Test(arguments: [
        ["Content-Length: 11"], ["Content-Length: 99999999999999999"],
        ["Content-Length: 11", "Expect: 100-continue"],
    ])
    func longerBodyIsRefusedAtItsHead(headers: [String]) async throws {
        try await Edge.run(.with { server, _ in server.settings.maxPayload = 10 }) { edge in
            let client = try edge.client()
            try await client.send(RawClient.request("POST", "/post", headers))
            let answer = try await client.answer()
            #expect(answer.status == 413 && answer.header("Connection") == "close" && answer.body == "")
            #expect(try await client.rest() == "")
        }
    }

    @Test func chunkedBodyIsRefusedWhenItIsTooLong() async throws {
        try await Edge.run(.with { server, _ in server.settings.maxPayload = 10 }) { edge in
            let client = try edge.client()
            try await client.send(RawClient.request("POST", "/post", ["Transfer-Encoding: chunked"]))
            try await client.send("6\r\n012345\r\n6\r\n678901\r\n")
            #expect(try await client.answer().status == 413)
        }
    }

    /// As observed of the reference: the next poll works.
    @Test func postThatIsTooLongLeavesItsSession() async throws {
        try await Edge.run(.with { server, _ in server.settings.maxPayload = 10 }) { edge in
            let (client, address) = try await edge.session()
            let other = try edge.client()
            try await other.send(RawClient.request("POST", address, ["Transfer-Encoding: chunked"]))
            try await other.send("8\r\n40000000\r\n")
            try await other.send("8\r\n40000000\r\n")
            #expect(try await other.answer().status == 413)
            try await client.post(address, "40")
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body.hasPrefix("40{"))
        }
    }

    @Test func clientThatWaitsIsAskedForItsBody() async throws {
        try await Edge.run { edge in
            let (client, address) = try await edge.session()
            try await client.send(
                RawClient.request("POST", address, ["Content-Length: 2", "Expect: 100-continue"]))
            #expect(try await client.head().head == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("40")
            #expect(try await client.answer().body == "ok")
        }
    }

    /// The reference ends the session: half a payload may have been its last words.
    @Test func clientThatEndsInTheMiddleOfABodyEndsItsSession() async throws {
        try await Edge.run { edge in
            let (client, address) = try await edge.session()
            let other = try edge.client()
            try await other.send(RawClient.request("POST", address, ["Content-Length: 10"]) + "40")
            other.endOutput()
            #expect(try await other.rest() == "")
            try await client.get(address)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
        }
    }

    // MARK: Heads

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 2000))\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: yyyyyyyyyyyyyyyy\r\n", count: 100))\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X:\r\n", count: 200))\r\n",
        "GET /\(String(repeating: "x", count: 2000)) HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 2000))",
    ])
    func headThatIsTooLongIsRefused(head: String) async throws {
        try await Edge.run(.with { _, settings in settings.maxHead = 1024 }) { edge in
            let client = try edge.client()
            try await client.send(head)
            let answer = try await client.answer()
            #expect(answer.status == 431 && answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    @Test(arguments: [(19, false), (20, true)])
    func fieldsAreCounted(count: Int, isRefused: Bool) async throws {
        try await Edge.run(.with { _, settings in settings.maxHeaderFields = 20 }) { edge in
            let client = try edge.client()
            let fields = String(repeating: "X:\r\n", count: count)
            try await client.send("GET /none HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            #expect((try await client.answer().status == 431) == isRefused)
        }
    }

    @Test(arguments: [
        ("hello\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        ("POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ])
    func requestThatIsNoneIsRefused(request: String, status: Int) async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(request)
            let answer = try await client.answer()
            #expect(answer.status == status && answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    @Test func http2IsRefused() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            let status = try await client.answer().status
            #expect(status == 400 || status == 505)
        }
    }

    @Test(arguments: [
        ("GET http://localhost/a/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /a/"),
        ("GET HTTPS://other.example:99?x HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /?x"),
        ("GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", ""),
        ("GET / HTTP/1.0\r\n\r\n", "GET /"),
    ])
    func targetMayHaveAnyForm(request: String, body: String) async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(request)
            #expect(try await client.answer().body == body)
        }
    }

    /// curl and Java's client offer HTTP/2 this way; the parser reads nothing behind such a request.
    @Test func offerOfHTTP2IsAnsweredAndEndsTheConnection() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.get(
                "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"
            )
            let answer = try await client.answer()
            #expect(answer.status == 200 && answer.body == "GET /")
            #expect(answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }
}
