internal import SocketIO
internal import SocketIOCore

/// Answers as bytes: status line, head, body (RFC 9112).
enum ResponseWriter {
    /// - Parameters:
    ///   - date: The `Date` field's value; made once a second by the event loop.
    ///   - keepsAlive: The connection takes another request behind this answer.
    static func bytes(_ response: Response, to request: RequestFacts, date: String, keepsAlive: Bool)
        -> [UInt8]
    {
        let hasBody = response.status >= 200 && response.status != 204 && response.status != 304
        var head = start(response, date: date)
        if hasBody, !response.isStream { field("Content-Length", String(response.body.count), &head) }
        if response.isStream, request.minorVersion >= 1 { field("Transfer-Encoding", "chunked", &head) }
        connection(request, keepsAlive: keepsAlive, &head)
        head += [13, 10]
        return hasBody && !request.isHead ? head + response.body : head
    }

    /// The head of an answer that grows. HTTP/1.0 knows no chunks: there the end of the connection ends it.
    static func stream(_ response: Response, to request: RequestFacts, date: String) -> [UInt8] {
        var head = start(response, date: date)
        if request.minorVersion >= 1 { field("Transfer-Encoding", "chunked", &head) }
        connection(request, keepsAlive: request.minorVersion >= 1 && request.keepsAlive, &head)
        return head + [13, 10]
    }

    /// 101 Switching Protocols (RFC 6455, 4.2.2).
    static func switching(accept: String, headers: [(name: String, value: String)]) -> [UInt8] {
        var head = Array("HTTP/1.1 101 Switching Protocols\r\n".utf8)
        field("Upgrade", "websocket", &head)
        field("Connection", "Upgrade", &head)
        field("Sec-WebSocket-Accept", accept, &head)
        for header in headers { field(header.name, header.value, &head) }
        return head + [13, 10]
    }

    private static func start(_ response: Response, date: String) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(320 + response.body.count)
        head += "HTTP/1.1 \(response.status) \(reason(response.status))\r\n".utf8
        for header in response.headers { field(header.name, header.value, &head) }
        // What a client has said may stand in any answer, and must never be taken for a page or a script.
        field("X-Content-Type-Options", "nosniff", &head)
        field("Date", date, &head)
        return head
    }

    private static func connection(_ request: RequestFacts, keepsAlive: Bool, _ head: inout [UInt8]) {
        if !keepsAlive {
            field("Connection", "close", &head)
        } else if request.minorVersion == 0 {
            field("Connection", "keep-alive", &head)
        }
    }

    /// A line end in a value would begin a header of its own: what echoes a request loses it here.
    private static func field(_ name: String, _ value: String, _ head: inout [UInt8]) {
        head += name.utf8
        head += ": ".utf8
        for byte in value.utf8 where byte >= 32 && byte != 127 || byte == 9 { head.append(byte) }
        head += [13, 10]
    }

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
    var minorVersion = 1
    var isHead = false
    var keepsAlive = true
    /// What a handshake agrees on.
    var deflate: PerMessageDeflate?
}
