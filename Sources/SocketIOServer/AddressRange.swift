#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// An IP address, version 4 or 6. One of version 4 and the same in IPv6's clothes (`::ffff:192.0.2.1`, RFC 4291,
/// 2.5.5.2) are equal: a socket that listens for both shows the second where the first was dialled.
struct IPAddress: Hashable, Sendable {
    fileprivate let high: UInt64
    fileprivate let low: UInt64

    private static let mapped: UInt64 = 0xffff << 32

    /// With the rest zero.
    var first64Bits: IPAddress { IPAddress(high: high, low: 0) }

    var isVersion4: Bool { high == 0 && low >> 32 == 0xffff }

    /// `192.0.2.1`, or `2001:db8::1` without brackets; a zone (`%eth0`) is dropped. Nil for all else, also for the
    /// short forms of version 4 (`127.1`), which readers disagree about.
    init?(_ text: some StringProtocol) {
        let name = String(text.prefix { $0 != "%" })
        guard name.utf8.count <= 45, !name.utf8.contains(0) else { return nil }
        if name.utf8.contains(UInt8(ascii: ":")) {
            var bytes = in6_addr()
            guard inet_pton(AF_INET6, name, &bytes) == 1 else { return nil }
            self = withUnsafeBytes(of: &bytes) { bytes in
                Self(
                    high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            }
        } else {
            var bytes = in_addr()
            guard inet_pton(AF_INET, name, &bytes) == 1 else { return nil }
            self.init(high: 0, low: Self.mapped | UInt64(UInt32(bigEndian: bytes.s_addr)))
        }
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The usual spelling: dotted, or RFC 5952's.
    var text: String {
        if isVersion4 {
            return [24, 16, 8, 0].map { String((low >> UInt64($0)) & 0xff) }.joined(separator: ".")
        }
        var bytes = (high.bigEndian, low.bigEndian)
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(AF_INET6, &bytes, &buffer, socklen_t(INET6_ADDRSTRLEN))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Addresses that begin alike, as `10.0.0.0/8` or `2001:db8::/32`, or one address alone (RFC 4632, 3.1).
public struct AddressRange: Equatable, Sendable {
    private let base: IPAddress
    /// Of the 128 bits that version 4 fills too, behind its 96 fixed ones.
    private let bits: Int

    /// Nil when `text` is no address, or its length is none; bits behind the length are ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = IPAddress(parts[0]) else { return nil }
        let isVersion4 = base.isVersion4 && !parts[0].contains(":")
        let width = isVersion4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]),
                number <= width
            else { return nil }
            length = number
        }
        self.base = base
        bits = 128 - width + length
    }

    private init(known text: String) {
        guard let range = Self(text) else { preconditionFailure("\(text) is no range of addresses") }
        self = range
    }

    /// This machine.
    public static let loopback = ["127.0.0.0/8", "::1"].map(AddressRange.init(known:))

    /// What is never routed on the internet: this machine, private networks (RFC 1918, RFC 4193) and link-local
    /// addresses.
    public static let privateNetworks =
        loopback
        + ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"]
        .map(AddressRange.init(known:))

    func contains(_ address: IPAddress) -> Bool {
        let highMask = bits >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(bits))
        let lowMask = bits <= 64 ? 0 : bits == 128 ? UInt64.max : ~(UInt64.max >> UInt64(bits - 64))
        return (address.high ^ base.high) & highMask == 0 && (address.low ^ base.low) & lowMask == 0
    }
}
