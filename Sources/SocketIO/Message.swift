internal import SocketIOCore

/// One HTTP request as the edge has parsed it, with its whole body.
public struct Request: Sendable {
    /// As it stood in the request line; methods compare with regard to case (RFC 9110, 9.1).
    public let method: String
    /// As it stood in the request line: path and query, still percent-encoded, without scheme and authority.
    public let target: String
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    public let minorVersion: Int
    /// In the order they came; names as they were written.
    public private(set) var headers: [(name: String, value: String)]
    /// Without its transfer coding; empty when there is none.
    public var body: [UInt8]
    /// The client's IP address, without port: the other end of the connection, or behind trusted proxies what they
    /// say. Empty when there is no network.
    public var remoteAddress = ""
    /// The client speaks TLS, with this server or with a trusted proxy.
    public var isSecure = false
    /// Host and port that the client asked, as it wrote them: from `Host`, from an absolute target, or from a
    /// trusted proxy. Nil when it said none (HTTP/1.0).
    public var host: String?

    /// A request as it would have come from the network; ``host`` is taken from the headers.
    public init(
        method: String, target: String, minorVersion: Int = 1, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.headers = headers
        self.body = body
        host = headers.first { $0.name.equalsIgnoringCase("Host") }?.value
    }

    /// The target without its query.
    public var path: Substring { Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }) }

    /// What follows the question mark, without a fragment; empty when there is none.
    public var query: Substring {
        // A handshake asks ten times: in one piece, as a target is, it is searched without a call for each byte.
        let found = target.utf8.withContiguousStorageIfAvailable { bytes -> Range<Int> in
            guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return 0..<0 }
            return mark + 1..<(bytes[mark...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count)
        }
        guard let found else {
            let behind = target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst()
            return Substring(behind.prefix { $0 != UInt8(ascii: "#") })
        }
        let start = target.utf8.index(target.startIndex, offsetBy: found.lowerBound)
        return target[start..<target.utf8.index(start, offsetBy: found.count)]
    }

    /// The first query parameter of this name, decoded.
    public func parameter(_ name: String) -> String? { Query.first(name, in: query) }

    /// The first header of this name; ASCII letters compare without regard to case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.equalsIgnoringCase(name) }?.value
    }

    /// Leaves out every header of this name.
    package mutating func drop(header name: String) {
        headers.removeAll { $0.name.equalsIgnoringCase(name) }
    }

    /// The origin of the page that asks, if a browser says so (Fetch, "Origin").
    public var origin: String? { header("Origin") }

    /// Whether a header that is a list of words, such as `Connection`, holds this one.
    public func hasToken(_ token: String, in name: String) -> Bool {
        headers.contains { header in
            guard header.name.equalsIgnoringCase(name) else { return false }
            if header.value.equalsIgnoringCase(token) { return true }
            return header.value.utf8.split(separator: UInt8(ascii: ",")).contains {
                Substring($0).trimmingBlanks.equalsIgnoringCase(token)
            }
        }
    }

    /// Asks for a WebSocket, well formed or not (RFC 6455, 4.1).
    public var wantsWebSocket: Bool {
        hasToken("websocket", in: "upgrade") && hasToken("upgrade", in: "connection")
    }
}

/// What is kept of a client's first request, where anything is: mostly nothing, which costs a client one word.
final class Arrival: Sendable {
    /// The cursor of its query.
    let cursor: String?
    let request: Request?

    init?(_ request: Request, isKept: Bool) {
        let cursor = request.parameter("from")
        guard isKept || cursor != nil else { return nil }
        self.cursor = cursor
        self.request = isKept ? request : nil
    }
}

/// A whole answer. The edge adds `Content-Length`, `Connection` and `Date`, and leaves the body out for HEAD.
public struct Response: Sendable {
    /// From 200 on (RFC 9110, 15).
    public var status: Int
    /// Sent in this order, besides those that the edge adds.
    public var headers: [(name: String, value: String)] {
        didSet { headerLines = nil }
    }
    /// Bytes as `Content-Type` says.
    public var body: [UInt8]
    /// The headers as they are written, where they are those of many answers.
    package private(set) var headerLines: [UInt8]?
    /// The connection ends with this answer: nothing more can be understood on it.
    public var closesConnection = false
    /// Why this refuses; nil where the status says all.
    package var refusal: RefusalNote?
    /// The head of something that grows: its length is not known.
    package private(set) var isStream = false

    /// An answer of that status; without a `Content-Type` unless `headers` names one.
    public init(_ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(_ status: Int, headers: SharedHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers.headers
        self.body = body
        headerLines = headers.lines
    }

    /// A line or more of plain text, in UTF-8.
    public static func text(_ status: Int, _ text: String) -> Response {
        Response(status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }

    /// - Parameter json: a JSON text.
    public static func json(_ status: Int, _ json: String) -> Response {
        Response(status, headers: [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    /// 405 with the methods that are allowed here (RFC 9110, 15.5.6).
    public static func methodNotAllowed(_ allowed: String) -> Response {
        var response = Response.json(405, #"{"error":"method not allowed","allowed":"\#(allowed)"}"#)
        response.headers.append(("Allow", allowed))
        return response
    }

    /// A file with an entity tag made from its bytes, or 304 when the client has it already.
    public static func file(_ bytes: [UInt8], type: String, tag: String, for request: Request) -> Response {
        let headers = [
            (name: "Content-Type", value: type), (name: "Cache-Control", value: "public, max-age=0"),
            (name: "ETag", value: tag),
        ]
        let known = request.header("If-None-Match").map { list in
            list.split(separator: ",").contains { candidate in
                let name = candidate.trimmingBlanks
                return name == "*" || name == tag || name == "W/" + tag
            }
        }
        return known == true ? Response(304, headers: headers) : Response(200, headers: headers, body: bytes)
    }

    /// The same, noted as a refusal.
    package func noting(_ reason: String, value: String = "", setting: String? = nil) -> Response {
        var noted = self
        noted.refusal = RefusalNote(reason, value: value, setting: setting)
        return noted
    }

    /// The head of an answer whose body follows piece by piece.
    package static func stream(_ contentType: String, headers: [(name: String, value: String)]) -> Response {
        var response = Response(200, headers: [("Content-Type", contentType)] + headers)
        response.isStream = true
        return response
    }
}

/// Headers that many answers have, written once. None of them may come from a client.
struct SharedHeaders: Sendable {
    let headers: [(name: String, value: String)]
    let lines: [UInt8]

    init(_ headers: [(name: String, value: String)]) {
        self.headers = headers
        lines = headers.flatMap { Array("\($0.name): \($0.value)\r\n".utf8) }
    }
}

extension StringProtocol {
    func equalsIgnoringCase(_ other: some StringProtocol) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        // Both are in one piece, as a rule, and then compared without a call for each letter.
        let isEqual = utf8.withContiguousStorageIfAvailable { letters in
            other.utf8.withContiguousStorageIfAvailable { others in
                letters.indices.allSatisfy { Self.isSame(letters[$0], others[$0]) }
            }
        }
        return isEqual.flatMap { $0 } ?? zip(utf8, other.utf8).allSatisfy(Self.isSame)
    }

    private static func isSame(_ a: UInt8, _ b: UInt8) -> Bool {
        a == b || (a | 32 == b | 32 && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(a | 32))
    }

    /// Without blanks and tabs at both ends: HTTP's optional white space.
    var trimmingBlanks: String {
        var rest = Substring(self)
        while let first = rest.utf8.first, first == 32 || first == 9 { rest = rest.dropFirst() }
        while let last = rest.utf8.last, last == 32 || last == 9 { rest = rest.dropLast() }
        return String(rest)
    }
}
