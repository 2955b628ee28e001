import SocketIO
import Testing

@testable import SocketIOServer

@Suite struct ResponseWriterTests {
    private func text(_ response: Response, _ facts: RequestFacts = RequestFacts(), keepsAlive: Bool = true)
        -> String
    {
        let bytes = ResponseWriter.bytes(response, to: facts, date: "now", keepsAlive: keepsAlive)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func answerHasItsLengthAndDate() {
        #expect(
            text(Response(200, headers: [("X", "y")], body: [65]))
                == "HTTP/1.1 200 OK\r\nX: y\r\nX-Content-Type-Options: nosniff\r\nDate: now\r\nContent-Length: 1\r\n\r\nA"
        )
    }

    @Test(arguments: [204, 304])
    func answerWithoutABodyHasNoLength(status: Int) {
        #expect(!text(Response(status, body: [65])).contains("Content-Length"))
        #expect(text(Response(status, body: [65])).hasSuffix("\r\n\r\n"))
    }

    @Test func headAnswerSaysTheLengthOnly() {
        let answer = text(Response(200, body: [65, 66]), RequestFacts(isHead: true))
        #expect(answer.hasSuffix("Content-Length: 2\r\n\r\n"))
    }

    @Test func connectionSaysWhatTheVersionDoesNot() {
        #expect(!text(Response(200)).contains("Connection"))
        #expect(text(Response(200), keepsAlive: false).contains("Connection: close\r\n"))
        #expect(text(Response(200), RequestFacts(minorVersion: 0)).contains("Connection: keep-alive\r\n"))
    }

    /// What echoes a request must not begin a header of its own.
    @Test func lineEndInAValueIsDropped() {
        let answer = text(Response(302, headers: [("Location", "./a\r\nSet-Cookie: b\u{0}\u{7f}\tc")]))
        #expect(answer.contains("Location: ./aSet-Cookie: b\tc\r\n"))
    }

    /// RFC 9110, 5.6.7, and `date -u -d @…`.
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ])
    func dateIsWrittenAsHTTPWantsIt(seconds: Int, date: String) {
        #expect(Clock.httpDate(unixSeconds: seconds) == date)
    }
}
