import SocketIO
import Testing

@testable import dante

@Suite struct ClusterSettingsTests {
    @Test(arguments: ["redis://cache", "rediss://a:b@[::1]:7000/3"])
    func addressesOfRedisAreRead(text: String) { #expect(SettingValue.redis.read(text) != nil) }

    @Test(arguments: ["cache:6379", "http://cache", "redis://cache/x", ""])
    func otherAddressesAreNot(text: String) { #expect(SettingValue.redis.read(text) == nil) }

    @Test(arguments: [
        ("10.0.0.1:80", "10.0.0.1", 80), ("[::1]:8888", "::1", 8888),
        ("node-2.example:1", "node-2.example", 1),
    ])
    func addressesOfNodesAreRead(text: String, host: String, port: Int) {
        let address = SettingValue.node.read(text)
        #expect(address?.host == host && address?.port == port)
        #expect(address?.description == text)
    }

    @Test(arguments: ["10.0.0.1", ":80", "a:0", "a:65536", "a b:1", "http://a:80"])
    func othersAreNot(text: String) { #expect(SettingValue.node.read(text) == nil) }

    @Test(arguments: [("socket.io", true), ("a_b-c:d", true), ("", false), ("a*", false), ("a b", false)])
    func channelsHaveNoPatterns(text: String, isRead: Bool) {
        #expect((SettingValue.channel.read(text) != nil) == isRead)
    }

    /// Neither the screen nor a log gets to hold it.
    @Test func aPasswordIsNotRepeated() {
        #expect(throws: UsageError.self) {
            try parse(["--redis", "redis://a:secret@h:x"])
        }
        #expect(withoutPassword("redis://a:sec@ret@h:x") == "redis://…@h:x")
        #expect(withoutPassword("redis://h/0") == "redis://h/0")
    }
}
