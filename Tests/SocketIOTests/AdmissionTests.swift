import SocketIO
import Testing

/// Who may shake hands, and what the others are told, in the words of each protocol.
@Suite struct AdmissionTests {
    private static func stage(_ origins: [String]? = nil, says authorization: Authorization = .allowed)
        -> Stage
    {
        Stage { server in
            if let origins { server.settings.origins = .listed(origins.compactMap { OriginPattern($0) }) }
            server.authorize = { _ in authorization }
        }
    }

    @Test(arguments: [
        ("a.example:80", "http://a.example", true), ("a.example:443", "https://a.example", true),
        ("a.example:443", "http://a.example", false), ("a.example:*", "http://A.Example:81", true),
        ("*:81", "http://b.example:81", true), ("*:81", "http://b.example", false), ("*:*", "null", true),
        ("a.example", "http://a.example:99", true), ("a.example:*", "null", false),
        ("a.example:*", "http://a.example.evil", false), ("[::1]:*", "http://[::1]:8080", true),
    ])
    func originsAreCompared(pattern: String, origin: String, isAllowed: Bool) {
        let link = Self.stage([pattern]).ask("GET", Stage.polling, headers: [("Origin", origin)])
        #expect(link.response?.status == (isAllowed ? 200 : 403))
    }

    @Test(arguments: ["", ":80", "a:b", "a:0", "a:65536", "a:1:2", "http://a"])
    func whatIsNoPatternIsNone(text: String) { #expect(OriginPattern(text) == nil) }

    @Test func refererStandsInForTheOrigin() {
        let stage = Self.stage(["a.example:*"])
        #expect(stage.ask("GET", Stage.polling).response?.status == 403)
        let link = stage.ask("GET", Stage.polling, headers: [("Referer", "http://a.example/page")])
        #expect(link.response?.status == 200)
    }

    @Test(arguments: [
        (Authorization.refused(), 403, #"{"code":4,"message":"Forbidden"}"#, "handshake unauthorized"),
        (
            .refused(reason: "no \"token\""), 403, #"{"code":4,"message":"no \"token\""}"#,
            "handshake unauthorized"
        ),
        (.failed, 500, #"{"code":4,"message":"Forbidden"}"#, "handshake error"),
    ])
    func refusalsAreSaidInEachDialect(says: Authorization, status: Int, engine: String, old: String) {
        let stage = Self.stage(says: says)
        for target in [Stage.polling, "/socket.io/?EIO=3&transport=polling"] {
            let link = stage.ask("GET", target)
            #expect(link.response?.status == status)
            #expect(link.body == engine)
        }
        let plain = stage.ask("GET", "/socket.io/1/", headers: [("Origin", "http://a.example")])
        #expect(plain.response?.status == status)
        #expect(plain.body == old)
        #expect(plain.response?.header("Access-Control-Allow-Origin") == "http://a.example")
        let script = stage.ask("GET", "/socket.io/1/?jsonp=4")
        #expect(script.response?.status == 200)
        #expect(script.body == #"io.j[4](new Error("\#(old)"));"#)
        #expect(stage.ask("GET", "/sse").response?.status == status)
        #expect(stage.shard.sessionCount == 0)
    }

    /// A request at `http://own.example:8888`, or under another name or scheme where a case says so.
    struct Visit: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var host = "own.example:8888"
        var isSecure = false
        var target = Stage.polling
        var headers: [String: String] = [:]
        var isOwn: Bool
    }

    static let visits = [
        Visit(testDescription: "own page", headers: ["Origin": "http://own.example:8888"], isOwn: true),
        Visit(testDescription: "in capitals", headers: ["Origin": "http://OWN.example:8888"], isOwn: true),
        Visit(testDescription: "another port", headers: ["Origin": "http://own.example:8889"], isOwn: false),
        Visit(testDescription: "no port", headers: ["Origin": "http://own.example"], isOwn: false),
        Visit(
            testDescription: "another host", headers: ["Origin": "http://own.example.evil:8888"], isOwn: false
        ),
        Visit(testDescription: "user", headers: ["Origin": "http://own.example:8888@evil"], isOwn: false),
        Visit(testDescription: "null", headers: ["Origin": "null"], isOwn: false),
        Visit(testDescription: "empty", headers: ["Origin": ""], isOwn: false),
        Visit(testDescription: "no browser", isOwn: true),
        Visit(
            testDescription: "usual port, both", host: "own.example",
            headers: ["Origin": "http://own.example"],
            isOwn: true),
        Visit(
            testDescription: "usual port, said once", host: "own.example:443",
            headers: ["Origin": "https://own.example"], isOwn: true),
        Visit(
            testDescription: "a proxy speaks TLS and does not say so", host: "own.example",
            headers: ["Origin": "https://own.example"], isOwn: true),
        Visit(
            testDescription: "TLS, and a page without", host: "own.example", isSecure: true,
            headers: ["Origin": "http://own.example"], isOwn: false),
        Visit(
            testDescription: "TLS", host: "own.example", isSecure: true,
            headers: ["Origin": "https://own.example"], isOwn: true),
        Visit(
            testDescription: "IPv6", host: "[::1]:8888", headers: ["Origin": "http://[::1]:8888"], isOwn: true
        ),
        Visit(testDescription: "a page's own GET", headers: ["Sec-Fetch-Site": "same-origin"], isOwn: true),
        Visit(testDescription: "typed in", headers: ["Sec-Fetch-Site": "none"], isOwn: true),
        Visit(
            testDescription: "a script element elsewhere", headers: ["Sec-Fetch-Site": "cross-site"],
            isOwn: false),
        Visit(testDescription: "a subdomain's", headers: ["Sec-Fetch-Site": "same-site"], isOwn: false),
        Visit(
            testDescription: "own referrer", headers: ["Referer": "http://own.example:8888/chat/?x"],
            isOwn: true),
        Visit(testDescription: "other referrer", headers: ["Referer": "http://evil.example/"], isOwn: false),
        Visit(
            testDescription: "a script element that hides", target: "/socket.io/?EIO=3&transport=polling&j=0",
            isOwn: false),
        Visit(testDescription: "one of 0.9 that hides", target: "/socket.io/1/?jsonp=0", isOwn: false),
        Visit(
            testDescription: "0.9", target: "/socket.io/1/", headers: ["Origin": "http://own.example:8888"],
            isOwn: true),
        Visit(
            testDescription: "0.9 elsewhere", target: "/socket.io/1/",
            headers: ["Origin": "http://evil.example"],
            isOwn: false),
        Visit(
            testDescription: "HTTP/1.0 without a name", host: "", headers: ["Origin": "http://own.example"],
            isOwn: false),
    ]

    @Test(arguments: visits)
    func twoWayApplicationsAreForTheirOwnPages(visit: Visit) {
        let stage = Stage { $0.settings.origins = .same }
        var request = Request(
            method: "GET", target: visit.target,
            headers: visit.headers.map { (name: $0.key, value: $0.value) })
        request.host = visit.host
        request.isSecure = visit.isSecure
        let link = RecordingLink()
        stage.shard.received(request, on: link, at: stage.now)
        let isRefused = link.body.contains("orbidden") || link.body.contains("handshake bad origin")
        #expect(isRefused == !visit.isOwn, "\(link.body)")
        #expect(stage.shard.sessionCount == (visit.isOwn ? 1 : 0))
    }

    @Test func aRefusalSaysWhatWasCompared() {
        let stage = Stage { $0.settings.origins = .same }
        let headers = [
            (name: "Host", value: "own.example"), (name: "Origin", value: "http://evil.example/\""),
        ]
        let link = stage.ask("GET", Stage.polling, headers: headers)
        let body =
            #"{"code":4,"message":"Forbidden","origin":"http://evil.example/\"","#
            + #""expected":"own.example","setting":"--origins"}"#
        #expect(link.body == body)
        #expect(link.response?.header("Access-Control-Allow-Origin") == nil)
    }

    /// With a sid that somebody has seen, the other's page is let in no more than without.
    @Test func upgradesAndPreflightsAreJudgedToo() {
        let stage = Stage { $0.settings.origins = .same }
        let guest = stage.handshake()
        let changes = ["Host": "own.example", "Origin": "http://evil.example"]
        #expect(stage.askSocket(Stage.socket + "&sid=" + guest.sid, changes: changes).response?.status == 403)
        #expect(stage.askSocket(Stage.socket, changes: changes).response?.status == 403)
        for target in [Stage.polling, "/socket.io/1/"] {
            let link = stage.ask(
                "OPTIONS", target,
                headers: changes.map { (name: $0.key, value: $0.value) } + [
                    ("Access-Control-Request-Method", "POST")
                ])
            #expect(link.response?.status == 403)
            #expect(link.response?.header("Access-Control-Allow-Origin") == nil)
        }
    }

    @Test func readingStaysPublic() {
        let stage = Stage { $0.settings.origins = .same }
        let origin = (name: "Origin", value: "http://evil.example")
        #expect(stage.ask("GET", "/sse", headers: [origin]).events.first == .stream)
        #expect(stage.askSocket("/ws", changes: ["Origin": origin.value]).events.first == .socket)
    }

    /// What is said there may be more than what is read elsewhere on the same server.
    @Test(arguments: [
        ("http://localhost", nil), (nil, nil),
        (
            "http://evil.example",
            #"{"origin":"http://evil.example","expected":"localhost","setting":"--origins"}"#
        ),
    ])
    func aNamespaceMayBeStricterThanItsServer(origin: String?, refusal: String?) async throws {
        let stage = Stage { $0.namespace("/guarded").use { try OriginRule.same.check($0.handshake) } }
        let link = stage.askSocket(Stage.socket, changes: ["Origin": origin])
        _ = link.news()
        link.says("40/guarded,", at: stage.now)
        await stage.turn()
        let events = link.news()
        guard case .text(let packet) = try #require(events.first) else { return #expect(Bool(false)) }
        if let refusal {
            #expect(packet == #"44/guarded,{"message":"Origin not allowed","data":\#(refusal)}"#)
        } else {
            #expect(packet.hasPrefix("40/guarded,"))
        }
    }

    @Test func aScriptSpeaksForNoProxy() {
        let asked = "content-type, X-Forwarded-Host,Forwarded , x-mine"
        let link = Stage().ask(
            "OPTIONS", Stage.polling,
            headers: [
                ("Origin", "http://a.example"), ("Access-Control-Request-Method", "GET"),
                ("Access-Control-Request-Headers", asked),
            ])
        #expect(link.response?.header("Access-Control-Allow-Headers") == "content-type, x-mine")
    }

    @Test func aRefusedOriginIsNotNamed() {
        let link = Self.stage(["a.example:*"]).ask(
            "GET", "/socket.io/1/", headers: [("Origin", "http://b.example")])
        #expect(link.body == "handshake bad origin")
        #expect(link.response?.header("Access-Control-Allow-Origin") == nil)
    }
}
