/// The extensions that a client offers in a WebSocket handshake, in its order of preference.
///
///     extension-list = 1#( token *( ";" token [ "=" ( token / quoted-string ) ] ) )
///
/// - Errors: a header that is not of this form offers nothing.
/// - Source: RFC 6455, 9.1; RFC 9110, 5.6 (token, quoted-string, list).
struct WebSocketExtensions {
    struct Offer: Equatable {
        var name: String
        var parameters: [Parameter] = []
    }

    struct Parameter: Equatable {
        var name: String
        var value: String?
    }

    let offers: [Offer]

    init(_ header: String) { offers = Self.parse(Array(header.utf8)[...]) ?? [] }

    private static func parse(_ text: ArraySlice<UInt8>) -> [Offer]? {
        var rest = text
        var offers: [Offer] = []
        repeat {
            skipBlanks(&rest)
            // An empty element of a list is none (RFC 9110, 5.6.1.2).
            if rest.isEmpty || rest.first == UInt8(ascii: ",") { continue }
            guard let name = token(&rest) else { return nil }
            var offer = Offer(name: name)
            skipBlanks(&rest)
            while take(UInt8(ascii: ";"), from: &rest) {
                guard let parameter = parameter(&rest) else { return nil }
                offer.parameters.append(parameter)
                skipBlanks(&rest)
            }
            offers.append(offer)
        } while take(UInt8(ascii: ","), from: &rest)
        return rest.isEmpty ? offers : nil
    }

    private static func parameter(_ rest: inout ArraySlice<UInt8>) -> Parameter? {
        skipBlanks(&rest)
        guard let name = token(&rest) else { return nil }
        skipBlanks(&rest)
        guard take(UInt8(ascii: "="), from: &rest) else { return Parameter(name: name) }
        skipBlanks(&rest)
        let isQuoted = take(UInt8(ascii: "\""), from: &rest)
        // What is quoted must be a token too (RFC 6455, 9.1), so there is nothing to unescape.
        guard let value = token(&rest), !isQuoted || take(UInt8(ascii: "\""), from: &rest) else { return nil }
        return Parameter(name: name, value: value)
    }

    private static func token(_ rest: inout ArraySlice<UInt8>) -> String? {
        let bytes = rest.prefix(while: isTokenByte)
        rest = rest.dropFirst(bytes.count)
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func take(_ byte: UInt8, from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }
}
