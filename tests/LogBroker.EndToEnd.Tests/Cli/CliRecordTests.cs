using System.Buffers;
using System.Text;
using LogBroker.Cli;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Records in and out: delimited, jsonl, formatted.</summary>
public sealed class CliRecordTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("a\nb\nc\n", "\n", "a|b|c")]
    [InlineData("a\nb\nc", "\n", "a|b|c")]
    [InlineData("", "\n", "")]
    [InlineData("\n", "\n", "")]
    [InlineData("a\n\nb\n", "\n", "a||b")]
    [InlineData("one\nmore\n\ntwo\n\n", "\n\n", "one\nmore|two")]
    [InlineData("one\n\ntwo\n", "\n\n", "one|two\n")]
    public async Task Input_is_cut_at_the_delimiter(string input, string delimiter, string expected)
    {
        foreach (int readSize in new[] { 1, 2, 3, 1000 })
        {
            var source = Source(input, delimiter, readSize, new RecordTemplate());
            List<ProducerRecord> records = await All(source);
            Assert.Equal(input.Length == 0 ? [] : expected.Split('|'), records.Select(r => Text(r.Value)!));
            Assert.Equal(input.Length, source.BytesRead);
        }
    }

    [Fact]
    public async Task A_record_larger_than_the_buffer_comes_whole_and_one_beyond_the_limit_is_refused()
    {
        string big = new('x', 300_000);
        Assert.Equal([big, "y"], (await All(Source(big + "\ny\n", "\n", 70_000, new RecordTemplate()))).Select(r => Text(r.Value)!));
        var chunks = new ChunkReader(new MemoryStream(new byte[200_000]), "\n"u8.ToArray(), pieceBytesMax: 100_000);
        CliException refused = await Assert.ThrowsAsync<CliException>(() => chunks.ReadAsync(None).AsTask());
        Assert.Contains("record 1, at byte 0", refused.Message);
    }

    [Fact]
    public async Task Keys_come_from_a_delimiter_a_pattern_or_a_flag()
    {
        var split = new DelimitedRecordSource(Chunks("k=v=w\n=\n"), new RecordTemplate(), "="u8.ToArray(), null);
        Assert.Equal([("k", "v=w"), ("", "")], (await All(split)).Select(r => (Text(r.Key), Text(r.Value))));
        var stanzas = new DelimitedRecordSource(
            Chunks("Package: abc\nSize: 1\n\nPackage: def\n", "\n\n"),
            new RecordTemplate(),
            null,
            DelimitedRecordSource.CompileKeyRegex("^Package: (.*)$"));
        Assert.Equal(["abc", "def"], (await All(stanzas)).Select(r => Text(r.Key)));
        var fixedKey = new DelimitedRecordSource(Chunks("v\n"), new RecordTemplate { Key = "k"u8.ToArray(), Partition = 3 }, null, null);
        ProducerRecord record = Assert.Single(await All(fixedKey));
        Assert.Equal(("k", "v", 3), (Text(record.Key), Text(record.Value), record.Partition));
    }

    [Fact]
    public async Task Tombstones_have_no_value()
    {
        var lines = new DelimitedRecordSource(Chunks("a\nb\n"), new RecordTemplate { IsTombstone = true }, null, null);
        Assert.Equal([("a", null), ("b", null)], (await All(lines)).Select(r => (Text(r.Key), Text(r.Value))));
    }

    [Fact]
    public async Task A_line_without_a_key_is_refused_by_number()
    {
        var split = new DelimitedRecordSource(Chunks("a=b\nnothing\n"), new RecordTemplate(), "="u8.ToArray(), null);
        await split.ReadAsync(None);
        Assert.Contains("record 2", (await Assert.ThrowsAsync<CliException>(() => split.ReadAsync(None).AsTask())).Message);
    }

    [Fact]
    public async Task Jsonl_gives_back_every_record_exactly()
    {
        var random = new Random(20260214);
        var records = new List<ShownRecord>();
        for (int i = 0; i < 500; i++)
        {
            records.Add(new ShownRecord("t", random.Next(6), i, random.Next(3) == 0 ? -1 : random.NextInt64(1L << 42))
            {
                Key = Bytes(random),
                Value = Bytes(random),
                Headers = [.. Enumerable.Range(0, random.Next(4)).Select(h => new RecordHeader(h % 2 == 0 ? "" : "ü\"\n", Bytes(random)))],
            });
        }

        var stdout = new MemoryStream();
        var sink = new JsonRecordSink(stdout, isDocument: false);
        records.ForEach(r => sink.Write(r));
        sink.Complete();
        var source = new JsonlRecordSource(
            new ChunkReader(new MemoryStream(stdout.ToArray()), "\n"u8.ToArray()), new RecordTemplate(), keepsPartitions: true);
        foreach (ShownRecord expected in records)
        {
            ProducerRecord actual = (await source.ReadAsync(None))!.Value;
            Assert.Equal(expected.Partition, actual.Partition);
            Assert.Equal(expected.TimestampMs, actual.Timestamp?.ToUnixTimeMilliseconds() ?? -1);
            Assert.Equal(Hex(expected.Key), Hex(actual.Key));
            Assert.Equal(Hex(expected.Value), Hex(actual.Value));
            Assert.Equal(
                expected.Headers.Select(h => (h.Key, Hex(h.Value))),
                (actual.Headers ?? []).Select(h => (h.Key, Hex(h.Value))));
        }

        Assert.Null(await source.ReadAsync(None));
    }

    [Theory]
    [InlineData("""{"value":"x"}""", null, "x")]
    [InlineData("""{"key":"k","value":{"a": [1, 2]}}""", "k", """{"a": [1, 2]}""")]
    [InlineData("""{"value":42}""", null, "42")]
    [InlineData("""{"key":"k"}""", "k", null)]
    [InlineData("""{"valueBase64":"AAE=","topic":"other","offset":7}""", null, "\0\u0001")]
    public async Task Jsonl_is_easy_to_write_by_hand(string line, string? key, string? value)
    {
        ProducerRecord record = (await Jsonl(line).ReadAsync(None))!.Value;
        Assert.Equal((key, value), (Text(record.Key), Text(record.Value)));
        Assert.Null(record.Partition);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"valeu":"x"}""")]
    [InlineData("""{"value":"x"} {"value":"y"}""")]
    [InlineData("""["value"]""")]
    [InlineData("""{"value":"x""")]
    [InlineData("""{"valueBase64":"?"}""")]
    [InlineData("""{"value":"x","timestampMs":9999999999999999}""")]
    [InlineData("""{"headers":[{"value":"x"}]}""")]
    public async Task Bad_jsonl_is_refused_by_line(string line)
    {
        CliException refused = await Assert.ThrowsAsync<CliException>(() => Jsonl("\n" + line).ReadAsync(None).AsTask());
        Assert.StartsWith("line 2 is no record", refused.Message);
    }

    [Theory]
    [InlineData("%t[%p]@%o %k=%v", "orders[3]@47 key=väl\n")]
    [InlineData("%v\\n", "väl\n")]
    [InlineData("%v\\0", "väl\0")]
    [InlineData("%v\\c", "väl")]
    [InlineData("%s bytes, %T, %d", "4 bytes, 1771057800000, 2026-02-14T08:30:00.000Z\n")]
    [InlineData("%k{hex} %k{base64} %v{json}", "6b6579 a2V5 \"väl\"\n")]
    [InlineData("%h", "a=1,b=\n")]
    [InlineData("%h{json}", """[{"key":"a","value":"1"},{"key":"b","value":null}]""" + "\n")]
    [InlineData("100%% #%n", "100% #9\n")]
    public void Formats_show_the_fields(string format, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        var record = new ShownRecord("orders", 3, 47, 1771057800000)
        {
            Key = "key"u8.ToArray(),
            Value = Encoding.UTF8.GetBytes("väl"),
            Headers = [new RecordHeader("a", "1"u8.ToArray()), new RecordHeader("b", null)],
        };
        RecordFormat.Parse(format).Write(output, record, 9);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("%x")]
    [InlineData("%")]
    [InlineData("%v{yaml}")]
    [InlineData("\\q")]
    public void Bad_formats_are_refused(string format) => Assert.Throws<CliException>(() => RecordFormat.Parse(format));

    [Fact]
    public void A_null_is_not_an_empty_value()
    {
        var output = new ArrayBufferWriter<byte>();
        RecordFormat.Parse("%k{json} %v{json}").Write(output, new ShownRecord("t", 0, 0, -1) { Value = Array.Empty<byte>() }, 1);
        Assert.Equal("null \"\"\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static JsonlRecordSource Jsonl(string text) => new(Chunks(text), new RecordTemplate(), keepsPartitions: false);

    private static ChunkReader Chunks(string text, string delimiter = "\n") =>
        new(new MemoryStream(Encoding.UTF8.GetBytes(text)), Encoding.UTF8.GetBytes(delimiter));

    private static DelimitedRecordSource Source(string input, string delimiter, int readSize, RecordTemplate template) =>
        new(new ChunkReader(new SlowStream(Encoding.UTF8.GetBytes(input), readSize), Encoding.UTF8.GetBytes(delimiter)), template, null,
            null);

    private static async Task<List<ProducerRecord>> All(IRecordSource source)
    {
        var records = new List<ProducerRecord>();
        while (await source.ReadAsync(None) is { } record)
        {
            records.Add(record with { Key = Copy(record.Key), Value = Copy(record.Value) });
        }

        return records;
    }

    private static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } some ? some.ToArray() : default(ReadOnlyMemory<byte>?);

    private static ReadOnlyMemory<byte>? Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(20)];
        random.NextBytes(bytes);
        if (random.Next(4) == 0)
        {
            return null;
        }

        return random.Next(3) switch
        {
            1 => Array.Empty<byte>(),
            2 => Encoding.UTF8.GetBytes("täxt \"quoted\" \n\u0001 " + random.Next()),
            _ => bytes,
        };
    }

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;

    private static string? Hex(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Convert.ToHexString(some.Span) : null;

    /// <summary>Hands out a few bytes at a time, as a pipe may.</summary>
    private sealed class SlowStream(byte[] bytes, int readSize) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(readSize, buffer.Length)], cancellationToken);
    }
}
