internal import NIOHTTP1
internal import SocketIO
internal import SocketIOCore

/// Answers as bytes: status line, head, body (RFC 9112); or their heads as a host's codec takes them.
enum ResponseWriter {
    /// - Parameters:
    ///   - date: The `Date` field's value; made once a second by the event loop.
    ///   - keepsAlive: The connection takes another request behind this answer.
    static func bytes(_ response: Response, to request: RequestFacts, date: String, keepsAlive: Bool)
        -> [UInt8]
    {
        var head = start(response)
        fields(of: response, to: request, date: date, keepsAlive: keepsAlive, &head)
        newline(&head)
        if hasBody(response, to: request) { head += response.body }
        return head
    }

    /// The head of an answer that grows. HTTP/1.0 knows no chunks: there the end of the connection ends it.
    static func stream(_ response: Response, to request: RequestFacts, date: String) -> [UInt8] {
        var head = start(response)
        let keepsAlive = request.minorVersion >= 1 && request.keepsAlive
        fields(of: response, to: request, date: date, keepsAlive: keepsAlive, &head)
        newline(&head)
        return head
    }

    /// The head for NIO's encoder, which adds what frames the body.
    static func head(
        _ response: Response, to request: RequestFacts, date: String, keepsAlive: Bool
    ) -> HTTPResponseHead {
        // The encoder would end the chunks of an answer to HEAD, which has none; it lets those of HTTP/1.0 be.
        let isUnframed = request.minorVersion == 0 || response.isStream && request.isHead
        var head = HTTPResponseHead(
            version: isUnframed ? .http1_0 : .http1_1, status: HTTPResponseStatus(statusCode: response.status)
        )
        var facts = request
        if isUnframed { facts.minorVersion = 0 }
        func add(_ name: String, _ value: String) {
            head.headers.add(
                name: name, value: String(decoding: value.utf8.filter(isPrintable), as: UTF8.self))
        }
        for header in response.headers { add(header.name, header.value) }
        ownFields(of: response, to: facts, date: date, keepsAlive: keepsAlive, add)
        return head
    }

    /// The head that another node has answered with, for NIO's encoder. What has no length there ends with the
    /// connection here too, unless the client takes chunks.
    static func head(relayed bytes: [UInt8], to request: RequestFacts) -> HTTPResponseHead {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 502
        var head = HTTPResponseHead(
            version: request.minorVersion == 0 ? .http1_0 : .http1_1,
            status: HTTPResponseStatus(statusCode: status))
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.count + 1).drop { $0 == " " }
            head.headers.add(name: String(name), value: String(value))
        }
        return head
    }

    /// Whether the answer's body is written behind its head.
    static func hasBody(_ response: Response, to request: RequestFacts) -> Bool {
        mayHaveBody(response) && !request.isHead
    }

    private static func mayHaveBody(_ response: Response) -> Bool {
        response.status >= 200 && response.status != 204 && response.status != 304
    }

    /// 101 Switching Protocols (RFC 6455, 4.2.2).
    static func switching(accept: String, headers: [(name: String, value: String)]) -> [UInt8] {
        var head: [UInt8] = []
        // With room for what leaves with it.
        head.reserveCapacity(512)
        head += "HTTP/1.1 101 Switching Protocols\r\n".utf8
        field("Upgrade", "websocket", &head)
        field("Connection", "Upgrade", &head)
        field("Sec-WebSocket-Accept", accept, &head)
        for header in headers { field(header.name, header.value, &head) }
        newline(&head)
        return head
    }

    private static let ok = Array("HTTP/1.1 200 OK\r\n".utf8)

    private static func start(_ response: Response) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(384 + response.body.count)
        if response.status == 200 {
            head += ok
            return head
        }
        head += "HTTP/1.1 \(response.status) \(reason(response.status))\r\n".utf8
        return head
    }

    private static func fields(
        of response: Response, to request: RequestFacts, date: String, keepsAlive: Bool,
        _ head: inout [UInt8]
    ) {
        if let lines = response.headerLines {
            head += lines
        } else {
            for header in response.headers { field(header.name, header.value, &head) }
        }
        ownFields(of: response, to: request, date: date, keepsAlive: keepsAlive) { field($0, $1, &head) }
    }

    /// What the edge adds to every answer.
    private static func ownFields(
        of response: Response, to request: RequestFacts, date: String, keepsAlive: Bool,
        _ add: (_ name: String, _ value: String) -> Void
    ) {
        // What a client has said may stand in any answer, and must never be taken for a page or a script.
        add("X-Content-Type-Options", "nosniff")
        add("Date", date)
        if response.isStream {
            if request.minorVersion >= 1 { add("Transfer-Encoding", "chunked") }
        } else if mayHaveBody(response) {
            add("Content-Length", String(response.body.count))
        }
        if !keepsAlive {
            add("Connection", "close")
        } else if request.minorVersion == 0 {
            add("Connection", "keep-alive")
        }
    }

    /// A line end in a value would begin a header of its own: what echoes a request loses it here.
    private static func field(_ name: String, _ value: String, _ head: inout [UInt8]) {
        head += name.utf8
        head += ": ".utf8
        for byte in value.utf8 where isPrintable(byte) { head.append(byte) }
        newline(&head)
    }

    private static func newline(_ head: inout [UInt8]) {
        head.append(13)
        head.append(10)
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { byte >= 32 && byte != 127 || byte == 9 }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 302: "Found"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}

/// What of a request its answer depends on.
struct RequestFacts: Sendable {
    var minorVersion: UInt8 = 1
    var isHead = false
    var keepsAlive = true
    /// A WebSocket, or something else that is not spoken here.
    var offersUpgrade = false
    /// The parser takes another request behind this one, whether or not it is answered.
    var parserGoesOn = false
    /// What a handshake agrees on.
    var deflate: PerMessageDeflate?
}
