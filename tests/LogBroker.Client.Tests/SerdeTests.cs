using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LogBroker.Client.Tests;

public sealed partial class SerdeTests
{
    [Fact]
    public void IntegersAreBigEndian()
    {
        Assert.Equal([0x01, 0x02, 0x03, 0x04], BytesOf(Serde.Int32, 0x01020304));
        Assert.Equal([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], BytesOf(Serde.Int64, -2L));
        Assert.Equal(0x01020304, Serde.Int32.Deserialize([1, 2, 3, 4], isNull: false));
        Assert.Equal(-2L, Serde.Int64.Deserialize(BytesOf(Serde.Int64, -2L), isNull: false));
        Assert.Throws<FormatException>(() => Serde.Int32.Deserialize([1, 2, 3], isNull: false));
        Assert.Throws<FormatException>(() => Serde.Int64.Deserialize([], isNull: true));
    }

    [Fact]
    public void TextIsUtf8AndNullIsNotEmpty()
    {
        Assert.Equal("häß"u8.ToArray(), BytesOf(Serde.String, "häß")!);
        Assert.Equal([], BytesOf(Serde.String, string.Empty)!);
        Assert.Null(BytesOf(Serde.String, null));
        Assert.Null(Serde.String.Deserialize([], isNull: true));
        Assert.Equal(string.Empty, Serde.String.Deserialize([], isNull: false));
        Assert.ThrowsAny<ArgumentException>(() => Serde.String.Deserialize([0xff], isNull: false));
    }

    [Fact]
    public void BytesStayAsTheyAre()
    {
        Assert.Equal([1, 2], BytesOf(Serde.Bytes, [1, 2]));
        Assert.Null(BytesOf(Serde.Bytes, null));
        Assert.Null(Serde.Bytes.Deserialize([], isNull: true));
        Assert.Equal([3], BytesOf(Serde.Memory, new byte[] { 3 }));
        Assert.Null(BytesOf(Serde.Null, default));
    }

    [Fact]
    public void JsonGoesThroughItsTypeDescription()
    {
        ISerde<Order?> serde = Serde.Json(Json.Default.Order);
        var order = new Order("x", 3);
        Assert.Equal("""{"Id":"x","Count":3}"""u8.ToArray(), BytesOf(serde, order));
        Assert.Equal("""{"Id":"x","Count":3}"""u8.ToArray(), BytesOf(serde, order));
        Assert.Equal(order, serde.Deserialize(BytesOf(serde, order), isNull: false));
        Assert.Null(BytesOf(serde, null));
        Assert.Null(serde.Deserialize([], isNull: true));
        Assert.Throws<JsonException>(() => serde.Deserialize("{"u8, isNull: false));
    }

    [Fact]
    public void AMissingDefaultNamesTheWayOut()
    {
        var e = Assert.Throws<NotSupportedException>(() => Serde.Default<Order>());
        Assert.Contains("Serde.Json", e.Message, StringComparison.Ordinal);
        Assert.Same(Serde.String, Serde.Default<string>());
    }

    private static byte[]? BytesOf<T>(ISerializer<T> serializer, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        return serializer.Serialize(value, output) ? output.WrittenSpan.ToArray() : null;
    }

    internal sealed record Order(string Id, int Count);

    [JsonSerializable(typeof(Order))]
    internal sealed partial class Json : JsonSerializerContext;
}
