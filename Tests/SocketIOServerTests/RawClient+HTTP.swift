/// An HTTP answer as it came.
struct RawAnswer: Sendable {
    let head: String
    var body = ""

    var status: Int { Int(head.dropFirst(9).prefix(3)) ?? 0 }

    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.first?.lowercased() == name.lowercased() {
                return parts.last?.drop { $0 == " " }.description
            }
        }
        return nil
    }
}

extension RawClient {
    /// A GET with the headers it needs and the ones given.
    func get(_ target: String, _ headers: String...) async throws {
        try await send(Self.request("GET", target, headers))
    }

    func post(_ target: String, _ body: String) async throws {
        try await send(Self.request("POST", target, ["Content-Length: \(body.utf8.count)"]) + body)
    }

    static func request(_ method: String, _ target: String, _ headers: [String] = []) -> String {
        (["\(method) \(target) HTTP/1.1", "Host: localhost"] + headers + ["", ""]).joined(separator: "\r\n")
    }

    func head() async throws -> RawAnswer {
        let bytes = try await take { Self.end(of: "\r\n\r\n", in: $0) }
        return RawAnswer(head: String(decoding: bytes, as: UTF8.self))
    }

    /// A whole answer. One to HEAD has no body whatever its head says.
    func answer(toHead: Bool = false) async throws -> RawAnswer {
        var answer = try await head()
        if toHead || answer.status == 204 || answer.status == 304 { return answer }
        if answer.header("Transfer-Encoding") == "chunked" {
            while let piece = try await chunk() { answer.body += piece }
        } else if let length = answer.header("Content-Length").flatMap({ Int($0) }) {
            let bytes = try await take { $0.count >= length ? length : nil }
            answer.body = String(decoding: bytes, as: UTF8.self)
        } else {
            answer.body = try await rest()
        }
        return answer
    }

    /// One chunk's content; nil for the last, which is empty.
    func chunk() async throws -> String? {
        let line = try await take { Self.end(of: "\r\n", in: $0) }
        let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) ?? 0
        let content = try await take { $0.count >= size + 2 ? size + 2 : nil }
        return size == 0 ? nil : String(decoding: content.dropLast(2), as: UTF8.self)
    }

    private static func end(of mark: String, in bytes: [UInt8]) -> Int? {
        let mark = Array(mark.utf8)
        guard bytes.count >= mark.count else { return nil }
        for start in 0...(bytes.count - mark.count)
        where bytes[start..<(start + mark.count)].elementsEqual(mark) {
            return start + mark.count
        }
        return nil
    }
}
