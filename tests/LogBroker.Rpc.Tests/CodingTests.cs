using System.Text;

namespace LogBroker.Rpc.Tests;

/// <summary>The texts that travel in headers: timeouts, status messages, metadata, prefixes.</summary>
public sealed class CodingTests
{
    [Theory]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(1, "1u")]
    [InlineData(10, "1u")]
    [InlineData(11, "2u")]
    [InlineData(TimeSpan.TicksPerSecond, "1000000u")]
    [InlineData(100 * TimeSpan.TicksPerSecond, "100000m")]
    [InlineData(100_000 * TimeSpan.TicksPerSecond, "100000S")]
    [InlineData(100_000_000 * TimeSpan.TicksPerSecond, "1666667M")]
    [InlineData(long.MaxValue, "99999999H")]
    public void TimeoutsAreRoundedUpToTheFinestUnitThatFits(long ticks, string text) =>
        Assert.Equal(text, TimeoutCoding.Encode(new TimeSpan(ticks)));

    [Theory]
    [InlineData("1n", 1)]
    [InlineData("250n", 3)]
    [InlineData("7u", 70)]
    [InlineData("7m", 70_000)]
    [InlineData("7S", 70_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("00000001S", 10_000_000)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void TimeoutsAreRead(string text, long ticks)
    {
        Assert.True(TimeoutCoding.TryDecode(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData(" 1S")]
    [InlineData("1.5S")]
    [InlineData("123456789S")]
    [InlineData("1Sx")]
    public void MalformedTimeoutsAreRefused(string text) => Assert.False(TimeoutCoding.TryDecode(text, out _));

    [Theory]
    [InlineData("", "")]
    [InlineData("plain text: fine!", "plain text: fine!")]
    [InlineData("100%", "100%25")]
    [InlineData("a\r\nb", "a%0D%0Ab")]
    [InlineData("ä☺", "%C3%A4%E2%98%BA")]
    [InlineData("😈", "%F0%9F%98%88")]
    public void StatusMessagesArePercentEncoded(string text, string encoded)
    {
        Assert.Equal(encoded, PercentCoding.Encode(text));
        Assert.Equal(text, PercentCoding.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz%41", "%zzA")]
    [InlineData("100% and %e2%98%ba", "100% and ☺")]
    [InlineData("%ff", "\ufffd")]
    [InlineData("é%41", "éA")]
    public void BrokenEscapesStayAsTheyAre(string encoded, string text) => Assert.Equal(text, PercentCoding.Decode(encoded));

    [Fact]
    public void LongStatusMessagesAreCut()
    {
        var encoded = PercentCoding.Encode(new string('x', 100_000));
        Assert.Equal(new string('x', PercentCoding.CharactersMax) + "…", PercentCoding.Decode(encoded));
        var pair = PercentCoding.Encode(new string('x', PercentCoding.CharactersMax - 1) + "😈");
        Assert.Equal(new string('x', PercentCoding.CharactersMax - 1) + "…", PercentCoding.Decode(pair));
    }

    [Fact]
    public void MetadataKeepsOrderAndDuplicates()
    {
        var metadata = new Metadata { { "A-b", "1" }, { "c-bin", [1, 2] }, { "a-B", "2" } };
        Assert.Equal(["a-b", "c-bin", "a-b"], metadata.Select(static e => e.Key));
        Assert.Equal("2", metadata.GetValue("A-B"));
        Assert.Equal(["1", "2"], metadata.GetAll("a-b").Select(static e => e.Value));
        Assert.Equal([1, 2], metadata.GetValueBytes("C-BIN"));
        Assert.Null(metadata.GetValue("missing"));
        Assert.Null(metadata.GetValueBytes("a-b"));
        Assert.Null(metadata.GetValue("c-bin"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData(":path")]
    [InlineData("a:b")]
    public void BadMetadataKeysAreRefused(string key) => Assert.Throws<ArgumentException>(() => new Metadata { { key, "v" } });

    [Theory]
    [InlineData("a\nb")]
    [InlineData("é")]
    [InlineData("\u007f")]
    public void BadMetadataValuesAreRefused(string value) =>
        Assert.Throws<ArgumentException>(() => new Metadata { { "key", value } });

    [Fact]
    public void BytesNeedABinaryKeyAndTextAnother()
    {
        Assert.Throws<ArgumentException>(() => new Metadata { { "key", [1] } });
        Assert.Throws<ArgumentException>(() => new Metadata { { "key-bin", "text" } });
    }

    [Theory]
    [InlineData("AQID", new byte[] { 1, 2, 3 })]
    [InlineData("AQI=", new byte[] { 1, 2 })]
    [InlineData("AQI", new byte[] { 1, 2 })]
    [InlineData("AQ", new byte[] { 1 })]
    [InlineData("", new byte[0])]
    public void BinaryMetadataIsReadWithAndWithoutPadding(string text, byte[] bytes)
    {
        var metadata = new Metadata();
        MetadataCoding.AddReceived(metadata, "k-bin", text);
        Assert.Equal(bytes, metadata.GetValueBytes("k-bin"));
    }

    [Fact]
    public void JoinedBinaryMetadataIsSplitAndBrokenDropped()
    {
        var metadata = new Metadata();
        MetadataCoding.AddReceived(metadata, "K-bin", "AQ==, Ag,!!,A");
        Assert.Equal(["01", "02"], metadata.Select(static e => Convert.ToHexString(e.ValueBytes)));
    }

    [Theory]
    [InlineData("grpc-status")]
    [InlineData("grpc-timeout")]
    [InlineData("content-type")]
    [InlineData("te")]
    public void WhatGrpcSetsItselfIsNoMetadata(string key)
    {
        Assert.Throws<ArgumentException>(() => MetadataCoding.Encode(new Metadata.Entry(key, "v")));
        var metadata = new Metadata();
        MetadataCoding.AddReceived(metadata, key, "v");
        Assert.Empty(metadata);
    }

    [Fact]
    public void PrefixesAreBigEndianAndChecked()
    {
        Span<byte> prefix = stackalloc byte[5];
        MessagePrefix.Write(prefix, 0x01020304);
        Assert.Equal("0001020304", Convert.ToHexString(prefix));
        Assert.Equal(0x01020304, MessagePrefix.Read(prefix, int.MaxValue));
        Assert.Equal(StatusCode.ResourceExhausted, CodeOf("0001020304", 0x01020303));
        Assert.Equal(StatusCode.ResourceExhausted, CodeOf("00ffffffff", int.MaxValue));
        Assert.Equal(StatusCode.Internal, CodeOf("0100000000", 10));
        Assert.Equal(StatusCode.Internal, CodeOf("0200000000", 10));
    }

    [Fact]
    public void ForeignTextIsCutAndEscaped()
    {
        Assert.Equal("a\\u0000b", Escaped.Cut("a\0b"));
        var cut = Escaped.Cut(new string('ä', 1000));
        Assert.True(cut.Length <= 65 && cut.EndsWith('…'), cut);
    }

    [Fact]
    public void ContentTypesOfGrpc()
    {
        Assert.True(GrpcProtocol.IsGrpcContentType("application/grpc"));
        Assert.True(GrpcProtocol.IsGrpcContentType("application/grpc+proto"));
        Assert.True(GrpcProtocol.IsGrpcContentType("Application/grpc; charset=utf-8"));
        Assert.False(GrpcProtocol.IsGrpcContentType("application/grpc-web"));
        Assert.False(GrpcProtocol.IsGrpcContentType("application/json"));
        Assert.False(GrpcProtocol.IsGrpcContentType(null));
    }

    private static StatusCode CodeOf(string hex, int bytesMax) =>
        Assert.Throws<RpcException>(() => MessagePrefix.Read(Convert.FromHexString(hex), bytesMax)).StatusCode;

    [Fact]
    public void AsciiBytesOfTextEntries() =>
        Assert.Equal(Encoding.ASCII.GetBytes("v"), new Metadata.Entry("k", "v").ValueBytes);
}
