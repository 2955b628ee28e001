import SocketIO
import Testing

/// Who may shake hands, and what the others are told, in the words of each protocol.
@Suite struct AdmissionTests {
    private static func stage(_ origins: [String]? = nil, says authorization: Authorization = .allowed)
        -> Stage
    {
        Stage { server in
            server.settings.origins = origins?.compactMap { OriginPattern($0) }
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

    @Test func aRefusedOriginIsNotNamed() {
        let link = Self.stage(["a.example:*"]).ask(
            "GET", "/socket.io/1/", headers: [("Origin", "http://b.example")])
        #expect(link.body == "handshake bad origin")
        #expect(link.response?.header("Access-Control-Allow-Origin") == nil)
    }
}
