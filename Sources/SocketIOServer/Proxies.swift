internal import SocketIO

/// Who asked, under which name, and whether over TLS.
struct Origination: Equatable, Sendable {
    /// An IP address, without port.
    var remoteAddress: String
    var isSecure: Bool
    /// Host and port as the client wrote them.
    var host: String?
}

/// Finds the client behind the proxies that are trusted to tell the truth about it.
///
/// Every proxy on the way adds, at the right, the address it was connected from. So the list is read from the
/// right: as long as an address is a trusted proxy's, what that proxy said about the one before it is believed.
/// The first address that is not trusted is the client's; whatever stands left of it, the client itself may have
/// written. From a peer that is not trusted nothing is believed.
///
/// - Source: RFC 7239 for `Forwarded`; for `X-Forwarded-For`, `-Proto` and `-Host` the common practice of nginx,
///   HAProxy, Apache httpd and Caddy. Where any of the `X-` fields is there, `Forwarded` is not read: the proxies
///   that write one kind pass the other on as the client wrote it, and most write the `X-` fields.
struct Proxies: Sendable {
    private let trusted: [AddressRange]

    init(trusting trusted: [AddressRange]) { self.trusted = trusted }

    /// - Parameters:
    ///   - peer: the address of the connection's other end.
    ///   - isSecure: this connection itself is over TLS.
    ///   - host: as the request says it, to this server.
    func origination(
        peer: String, isSecure: Bool, host: String?, headers: [(name: String, value: String)]
    ) -> Origination {
        var found = Origination(remoteAddress: peer, isSecure: isSecure, host: host)
        guard !trusted.isEmpty, let address = IPAddress(peer), isTrusted(address) else { return found }
        let hops = Self.hops(headers)
        var index = hops.addresses.endIndex
        // Unreadable, or hidden (`unknown`, `_secret`): nobody further left can be believed either.
        while index > 0, let next = IPAddress(hops.addresses[index - 1]) {
            index -= 1
            found.remoteAddress = next.text
            guard isTrusted(next) else { break }
        }
        // What each proxy says of the request stands as far from the right as it is itself from this server.
        let distance = max(1, hops.addresses.count - index)
        found.isSecure = Self.value(hops.schemes, distance).map { $0.lowercased() == "https" } ?? isSecure
        if let said = Self.value(hops.hosts, distance), RequestCheck.isHost(said) { found.host = said }
        return found
    }

    func isTrusted(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// What the farthest of `distance` believed proxies said, or the one nearest to it that said anything.
    private static func value(_ values: [String], _ distance: Int) -> String? {
        values.suffix(distance).first { !$0.isEmpty }
    }

    /// One entry a proxy, the nearest last; empty where one said nothing.
    private struct Hops {
        var addresses: [String] = []
        var schemes: [String] = []
        var hosts: [String] = []
    }

    private static func hops(_ headers: [(name: String, value: String)]) -> Hops {
        var hops = Hops()
        var forwarded: [String] = []
        var hasCommon = false
        for (name, value) in headers where name.utf8.count >= 9 && name.utf8.count <= 17 {
            switch name.lowercased() {
            case "x-forwarded-for":
                hasCommon = true
                hops.addresses += list(value).map(withoutPort)
            case "x-forwarded-proto":
                hasCommon = true
                hops.schemes += list(value)
            case "x-forwarded-host":
                hasCommon = true
                hops.hosts += list(value)
            case "forwarded": forwarded.append(value)
            default: break
            }
        }
        if !hasCommon { for value in forwarded { ForwardedField.read(value, into: add) } }
        return hops

        func add(_ pairs: [(name: String, value: String)]) {
            func last(_ name: String) -> String { pairs.last { $0.name == name }?.value ?? "" }
            hops.addresses.append(withoutPort(last("for")))
            hops.schemes.append(last("proto"))
            hops.hosts.append(last("host"))
        }
    }

    private static func list(_ value: String) -> [String] {
        value.split(separator: ",", omittingEmptySubsequences: false).map { String(trimmed($0)) }
    }

    /// `192.0.2.1:443`, `[2001:db8::1]:443` and `[2001:db8::1]` as the address alone.
    private static func withoutPort(_ text: String) -> String {
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        return colons == 1 ? String(text.prefix { $0 != ":" }) : text
    }
}

private func trimmed(_ text: Substring) -> Substring {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
    var rest = text.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
}

/// `Forwarded` (RFC 7239, section 4): elements between commas, pairs between semicolons, values maybe quoted.
private enum ForwardedField {
    /// - Parameter element: called with the pairs of each, names in lower case, from left to right. An element
    ///   that cannot be read has none, which hides whatever stands left of it.
    static func read(_ field: String, into element: ([(name: String, value: String)]) -> Void) {
        for part in split(field[...], at: ",") {
            var pairs: [(name: String, value: String)] = []
            for pair in split(part, at: ";") {
                let name = pair.prefix { $0 != "=" }
                guard name.endIndex < pair.endIndex else { continue }
                let value = trimmed(pair[name.endIndex...].dropFirst())
                pairs.append((trimmed(name).lowercased(), unquoted(value)))
            }
            element(pairs)
        }
    }

    private static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted {
                if character == "\\" { isEscaped = true }
                if character == "\"" { isQuoted = false }
            } else if character == "\"" {
                isQuoted = true
            } else if character == separator {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        return parts + [text[start...]]
    }

    private static func unquoted(_ value: Substring) -> String {
        guard value.count >= 2, value.first == "\"", value.last == "\"" else { return String(value) }
        var result = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
