using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

public sealed class ConsumedRecordTests
{
    [Fact]
    public void A_null_array_is_null_and_an_empty_one_is_not()
    {
        byte[]? none = null;
        Assert.Equal((null, null), Lengths(new ProducerRecord(none)));
        Assert.Equal((null, null), Lengths(new ProducerRecord(none, none)));
        Assert.Equal((0, null), Lengths(new ProducerRecord([], none)));
        Assert.Equal((null, 0), Lengths(new ProducerRecord(none, [])));
        Assert.Equal((null, 1), Lengths(new ProducerRecord("v"u8.ToArray())));
        Assert.Equal((1, null), Lengths(new ProducerRecord(new ReadOnlyMemory<byte>([1]), null)));
        Assert.Null(new RecordHeader("h", none).Value);
        Assert.Equal(0, new RecordHeader("h", []).Value?.Length);

        static (int? Key, int? Value) Lengths(ProducerRecord record) => (record.Key?.Length, record.Value?.Length);
    }

    [Fact]
    public void A_copy_keeps_null_apart_from_empty_and_stands_on_memory_of_its_own()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        RecordHeader[] headers = [new("none", null), new("empty", ReadOnlyMemory<byte>.Empty), new("some", "v"u8.ToArray())];
        Assert.True(builder.TryAppend(1, OptionalBytes.Null, Array.Empty<byte>(), headers));
        Assert.True(builder.TryAppend(2, "key"u8, OptionalBytes.Null));
        byte[] bytes = builder.Finish().ToArray();
        Assert.Null(RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader reader));
        Assert.True(reader.MoveNext());
        ConsumedRecord first = new ConsumedRecord("t", 0, reader.Current).Copy();
        Assert.True(reader.MoveNext());
        ConsumedRecord second = new ConsumedRecord("t", 0, reader.Current).Copy();
        Array.Clear(bytes);

        Assert.Null(first.Key);
        Assert.Equal(0, first.Value?.Length);
        Assert.Equal([null, 0, 1], first.Headers.Select(h => h.Value?.Length));
        Assert.Equal("key"u8, second.Key!.Value.Span);
        Assert.Null(second.Value);
    }
}
