internal import NIOHTTP1

/// What a request asks for, and from whom.
struct RequestTarget: Equatable {
    /// Path and query.
    var path: String
    /// Host and port in an absolute target; it counts more than `Host` (RFC 9112, 3.2.2).
    var authority: String?
}

/// What the parser leaves unchecked of RFC 9112.
enum RequestCheck {
    /// The request's target in any of its forms; nil when target or Host are not valid.
    static func target(of head: HTTPRequestHead) -> RequestTarget? {
        let hosts = head.headers["host"]
        guard hosts.count <= 1, hosts.count == 1 || head.version.minor == 0, hosts.allSatisfy(isHost) else {
            return nil
        }
        let target = head.uri
        if target.utf8.first == UInt8(ascii: "/") { return RequestTarget(path: target) }
        if target == "*" { return head.method == .OPTIONS ? RequestTarget(path: "/") : nil }
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            // Also no `user:password@`, by which addresses pretend to be others (RFC 9110, 4.2.4).
            guard !authority.isEmpty, isHost(authority) else { return nil }
            let path = rest[authority.endIndex...]
            return RequestTarget(
                path: path.hasPrefix("/") ? String(path) : "/" + path, authority: String(authority))
        }
        return nil
    }

    /// Blanks behind a value are no part of it (RFC 9112, 5.1); the parser takes off those before it only.
    static func withoutBlanksBehindValues(_ head: HTTPRequestHead) -> HTTPRequestHead {
        func isBlank(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard head.headers.contains(where: { isBlank($0.value.utf8.last) }) else { return head }
        var head = head
        head.headers = HTTPHeaders(
            head.headers.map { name, value in
                var rest = Substring(value)
                while isBlank(rest.utf8.last) { rest.removeLast() }
                return (name, String(rest))
            })
        return head
    }

    /// What may stand in `Host` (RFC 3986, 3.2.2 and 3.2.3), less the punctuation that no host has: it may come into
    /// addresses, and is compared with origins.
    static func isHost(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard bytes.first == UInt8(ascii: "[") else {
            let name = bytes.prefix { $0 != UInt8(ascii: ":") }
            return name.allSatisfy(isOfName) && isPort(bytes[name.endIndex...])
        }
        let address = bytes.dropFirst().prefix { $0 != UInt8(ascii: "]") }
        return !address.isEmpty && address.allSatisfy { isOfName($0) || $0 == UInt8(ascii: ":") }
            && address.endIndex < bytes.endIndex && isPort(bytes[address.endIndex...].dropFirst())
    }

    /// With its colon; nothing behind that is the scheme's own (RFC 3986, 3.2.3).
    private static func isPort(_ bytes: some Collection<UInt8>) -> Bool {
        guard let colon = bytes.first else { return true }
        let digits = bytes.dropFirst()
        return colon == UInt8(ascii: ":") && digits.allSatisfy { (0x30...0x39).contains($0) }
            && (digits.isEmpty || UInt16(String(decoding: digits, as: UTF8.self)) != nil)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || "-._~%".utf8.contains(byte)
    }

    /// Why a body that is announced so is not taken; nil when it is.
    ///
    /// The parser accepts any list of transfer codings that ends in `chunked`, and an empty one. Whoever stands in
    /// front may read such a list otherwise, and then disagrees about where the next request begins (RFC 9112, 6.1
    /// and 11.2): only what has one meaning is taken.
    static func fault(ofBody head: HTTPRequestHead) -> (status: Int, sentence: String)? {
        let codings = head.headers["transfer-encoding"]
        if !codings.isEmpty {
            guard head.version.minor >= 1 else { return (400, "HTTP/1.0 has no Transfer-Encoding.") }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                return (501, "The only transfer coding understood is chunked.")
            }
        }
        // Nothing here inflates a body, so that none can be a bomb; taken as it is it would be nonsense.
        guard head.headers["content-encoding"].allSatisfy({ $0.isEmpty || $0.lowercased() == "identity" })
        else { return (415, "A body is taken as it is, without a Content-Encoding.") }
        return nil
    }
}
