import Testing

@testable import SocketIOServer

/// Who is believed about the client behind a proxy.
@Suite struct ProxiesTests {
    /// 10.0.0.0/8 and 2001:db8:a::/48 are proxies; the connection comes from 10.0.0.1 unless a case says otherwise.
    private static let proxies = Proxies(
        trusting: ["10.0.0.0/8", "2001:db8:a::/48"].compactMap { AddressRange($0) })

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var peer = "10.0.0.1"
        var headers: [(String, String)]
        var address: String
        var isSecure = false
        var host: String? = "own:8888"
    }

    static let cases = [
        Case(testDescription: "nothing said", headers: [], address: "10.0.0.1"),
        Case(
            testDescription: "a stranger's word", peer: "192.0.2.66",
            headers: [
                ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "evil"),
                ("Forwarded", "for=127.0.0.1;proto=https;host=evil"),
            ], address: "192.0.2.66"),
        Case(
            testDescription: "one proxy",
            headers: [
                ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "poem.example"),
            ], address: "192.0.2.1", isSecure: true, host: "poem.example"),
        Case(
            testDescription: "what the client wrote itself stands left",
            headers: [
                ("X-Forwarded-For", "127.0.0.1, 10.9.9.9, 192.0.2.1"),
                ("X-Forwarded-Host", "evil, poem.example"),
                ("X-Forwarded-Proto", "https, http"),
            ], address: "192.0.2.1", host: "poem.example"),
        Case(
            testDescription: "two proxies, a field each",
            headers: [
                ("X-Forwarded-For", "192.0.2.1"), ("x-forwarded-for", "10.0.0.2"),
                ("X-Forwarded-Host", "poem.example,inner:8080"), ("X-Forwarded-Proto", "https,http"),
            ], address: "192.0.2.1", isSecure: true, host: "poem.example"),
        Case(
            testDescription: "two proxies, of which the outer alone said the scheme",
            headers: [("X-Forwarded-For", "192.0.2.1, 10.0.0.2"), ("X-Forwarded-Proto", "https")],
            address: "192.0.2.1", isSecure: true),
        Case(
            testDescription: "proxies all the way", headers: [("X-Forwarded-For", "10.0.0.3, 10.0.0.2")],
            address: "10.0.0.3"),
        Case(
            testDescription: "garbage hides what is left of it",
            headers: [("X-Forwarded-For", "192.0.2.1, gar bage, 10.0.0.2")], address: "10.0.0.2"),
        Case(testDescription: "only garbage", headers: [("X-Forwarded-For", ",;=\",,")], address: "10.0.0.1"),
        Case(testDescription: "empty", headers: [("X-Forwarded-For", "")], address: "10.0.0.1"),
        Case(
            testDescription: "with a port", headers: [("X-Forwarded-For", "192.0.2.1:4711")],
            address: "192.0.2.1"),
        Case(
            testDescription: "IPv6, bracketed, with a port",
            headers: [("X-Forwarded-For", "[2001:DB8:0::1]:4711")],
            address: "2001:db8::1"),
        Case(
            testDescription: "IPv6, bare", headers: [("X-Forwarded-For", "2001:db8::1, 2001:db8:a::7")],
            address: "2001:db8::1"),
        Case(
            testDescription: "a mapped peer is the IPv4 one", peer: "::ffff:10.0.0.1",
            headers: [("X-Forwarded-For", "::ffff:192.0.2.1")], address: "192.0.2.1"),
        Case(
            testDescription: "an IPv6 peer", peer: "2001:db8:a::1",
            headers: [("X-Forwarded-For", "192.0.2.1")],
            address: "192.0.2.1"),
        Case(
            testDescription: "an IPv6 stranger", peer: "2001:db8:b::1",
            headers: [("X-Forwarded-For", "192.0.2.1")], address: "2001:db8:b::1"),
        Case(
            testDescription: "Forwarded",
            headers: [
                ("Forwarded", #"For="[2001:db8:cafe::17]:4711"; Proto=HTTPS ;host="poem.example:443""#)
            ],
            address: "2001:db8:cafe::17", isSecure: true, host: "poem.example:443"),
        Case(
            testDescription: "Forwarded over two proxies, and a forgery",
            headers: [
                ("Forwarded", "for=127.0.0.1;host=evil, for=192.0.2.1;host=poem.example"),
                ("Forwarded", "for=10.0.0.2"),
            ], address: "192.0.2.1", host: "poem.example"),
        Case(
            testDescription: "a comma in quotes is none",
            headers: [("Forwarded", #"for=127.0.0.1, for="192.0.2.1, 10.0.0.2""#)], address: "10.0.0.1"),
        Case(
            testDescription: "Forwarded hides the client",
            headers: [("Forwarded", "for=192.0.2.1, for=unknown, for=10.0.0.2")], address: "10.0.0.2"),
        Case(
            testDescription: "an open quote", headers: [("Forwarded", #"for="192.0.2.1"#)],
            address: "10.0.0.1"),
        Case(
            testDescription: "the common fields count more than Forwarded",
            headers: [("Forwarded", "for=127.0.0.1"), ("X-Forwarded-For", "192.0.2.1")], address: "192.0.2.1"),
        Case(
            testDescription: "a host that is none", headers: [("X-Forwarded-Host", "evil/\"><script>")],
            address: "10.0.0.1"),
    ]

    @Test(arguments: cases)
    func client(of it: Case) {
        let found = Self.proxies.origination(
            peer: it.peer, isSecure: false, host: "own:8888",
            headers: it.headers.map { (name: $0.0, value: $0.1) })
        #expect(
            found == Origination(remoteAddress: it.address, isSecure: it.isSecure, host: it.host))
    }

    @Test func nobodyIsTrustedUnlessNamed() {
        for peer in ["127.0.0.1", "::1", "10.0.0.1"] {
            let found = Proxies(trusting: []).origination(
                peer: peer, isSecure: false, host: nil, headers: [("X-Forwarded-For", "192.0.2.1")])
            #expect(found.remoteAddress == peer)
        }
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0::0:1", "2001:db8::1"),
        ("::", "::"), ("fe80::1%eth0", "fe80::1"),
    ])
    func addresses(text: String, usual: String) { #expect(IPAddress(text)?.text == usual) }

    @Test(arguments: [
        "", "1", "127.1", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", " 1.2.3.4", "1.2.3.4 ", "[::1]", ":::", "1:2",
        "a.b",
        "1.2.3.4\0", "::1\0",
    ])
    func addressesRefused(text: String) { #expect(IPAddress(text) == nil) }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("192.0.2.129/25", "192.0.2.200", true),
        ("192.0.2.129/25", "192.0.2.127", false), ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "203.0.113.9", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
        ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/64", "2001:db8::ffff:0:0:1", true),
        ("2001:db8::/64", "2001:db8:0:1::1", false), ("::1", "127.0.0.1", false),
        ("::ffff:10.0.0.0/104", "10.1.2.3", true),
    ])
    func ranges(range: String, address: String, isInside: Bool) throws {
        let address = try #require(IPAddress(address))
        #expect(AddressRange(range)?.contains(address) == isInside)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "a/8",
    ])
    func rangesRefused(text: String) { #expect(AddressRange(text) == nil) }
}
