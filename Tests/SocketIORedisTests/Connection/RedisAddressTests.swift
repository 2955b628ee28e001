import Testing

@testable import SocketIORedis

@Suite struct RedisAddressTests {
    @Test(arguments: [
        ("redis://", RedisAddress()),
        ("redis://cache", RedisAddress(host: "cache")),
        ("redis://cache:6380/3", RedisAddress(host: "cache", port: 6380, database: 3)),
        ("redis://:secret@cache", RedisAddress(host: "cache", password: "secret")),
        ("redis://ada:p%40ss%3Aword@cache/", RedisAddress(host: "cache", user: "ada", password: "p@ss:word")),
        ("REDISS://[::1]:7000/0?x=1", RedisAddress(host: "::1", port: 7000, isEncrypted: true)),
        ("redis://a:b@c@d", RedisAddress(host: "d", user: "a", password: "b@c")),
    ])
    func reads(url: String, address: RedisAddress) throws {
        #expect(try RedisAddress(url: url) == address)
    }

    @Test(arguments: [
        "", "cache:6379", "http://cache", "redis:/cache", "redis://cache:0", "redis://cache:65536",
        "redis://cache:x", "redis://cache/one", "redis://cache/-1", "redis://[::1]x",
    ])
    func refuses(url: String) { #expect(throws: RedisAddressError.self) { try RedisAddress(url: url) } }
}
