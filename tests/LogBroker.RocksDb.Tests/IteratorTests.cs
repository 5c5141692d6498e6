using System.Text;

namespace LogBroker.RocksDb.Tests;

public sealed class IteratorTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly DbOptions _options = new DbOptions().SetCreateIfMissing();
    private readonly RocksDb _db;

    public IteratorTests()
    {
        _db = RocksDb.Open(_options, _directory["db"]);
        foreach (var key in new[] { "d", "b", "a", "c", "e", "\u00ff" })
            _db.Put(Encoding.Latin1.GetBytes(key), Encoding.Latin1.GetBytes("value of " + key));
    }

    public void Dispose()
    {
        _db.Dispose();
        _options.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void It_goes_in_byte_order_both_ways()
    {
        using var iterator = _db.NewIterator();
        Assert.False(iterator.Valid);
        var forth = new List<string>();
        for (iterator.SeekToFirst(); iterator.Valid; iterator.Next())
        {
            forth.Add(Text(iterator.Key));
            Assert.Equal("value of " + Text(iterator.Key), Text(iterator.Value));
        }

        Assert.Equal(["a", "b", "c", "d", "e", "\u00ff"], forth);
        var back = new List<string>();
        for (iterator.SeekToLast(); iterator.Valid; iterator.Prev())
            back.Add(Text(iterator.Key));
        forth.Reverse();
        Assert.Equal(forth, back);
    }

    [Fact]
    public void Seek_takes_the_key_or_its_neighbour()
    {
        _db.Delete("c"u8);
        using var iterator = _db.NewIterator();
        Assert.Equal("b", Text(iterator.Seek("b"u8).Key));
        Assert.Equal("d", Text(iterator.Seek("c"u8).Key));
        Assert.Equal("b", Text(iterator.SeekForPrev("c"u8).Key));
        Assert.Equal("a", Text(iterator.Seek([]).Key));
        Assert.False(iterator.Seek([0xff, 0]).Valid);
        Assert.False(iterator.SeekForPrev("A"u8).Valid);
    }

    [Fact]
    public void Bounds_hold_it_in()
    {
        var upper = "d"u8.ToArray();
        using var options = new ReadOptions().SetIterateLowerBound("b"u8).SetIterateUpperBound(upper).SetFillCache(false);
        upper[0] = (byte)'z';
        using var iterator = _db.NewIterator(options: options);
        options.Dispose();
        GC.Collect();
        Assert.Equal(["b", "c"], Keys(iterator.SeekToFirst()));
        Assert.Equal("c", Text(iterator.SeekToLast().Key));
        Assert.Equal("b", Text(iterator.Seek("a"u8).Key));
        Assert.False(iterator.Seek("d"u8).Valid);
    }

    [Fact]
    public void Options_in_use_do_not_change()
    {
        using var options = new ReadOptions();
        using var iterator = _db.NewIterator(options: options);
        Assert.Throws<InvalidOperationException>(() => options.SetIterateUpperBound("b"u8));
    }

    [Fact]
    public void It_sees_the_moment_it_was_made()
    {
        using var iterator = _db.NewIterator();
        _db.Put("b2"u8, "late"u8);
        _db.Delete("a"u8);
        Assert.Equal(["a", "b", "c", "d", "e", "\u00ff"], Keys(iterator.SeekToFirst()));
    }

    [Fact]
    public void Off_a_key_there_is_nothing_to_read_and_nowhere_to_go()
    {
        using var iterator = _db.NewIterator();
        Assert.Throws<InvalidOperationException>(() => iterator.Key.Length);
        iterator.Seek([0xff, 0xff]);
        Assert.Throws<InvalidOperationException>(() => iterator.Value.Length);
        Assert.Throws<InvalidOperationException>(() => iterator.Next());
        Assert.Throws<InvalidOperationException>(() => iterator.Prev());
    }

    [Fact]
    public void Damage_under_it_throws_and_does_not_look_like_the_end()
    {
        var random = new Random(7);
        var value = new byte[1000];
        for (var i = 0; i < 2000; i++)
        {
            random.NextBytes(value);
            _db.Put(Encoding.ASCII.GetBytes($"k{i:D6}"), value);
        }

        _db.Flush();
        _db.Dispose();
        var table = Assert.Single(Directory.GetFiles(_directory["db"], "*.sst"));
        using (var file = new FileStream(table, FileMode.Open, FileAccess.Write))
        {
            file.Position = 1_000_000;
            file.Write(new byte[20_000]);
        }

        using var db = RocksDb.Open(_options, _directory["db"]);
        using var iterator = db.NewIterator();
        var seen = 0;
        var damage = Assert.Throws<RocksDbException>(() =>
        {
            for (iterator.SeekToFirst(); iterator.Valid; iterator.Next())
                seen++;
        });
        Assert.Equal(RocksDbErrorKind.Corruption, damage.Kind);
        Assert.InRange(seen, 500, 1500);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static List<string> Keys(Iterator iterator)
    {
        var keys = new List<string>();
        for (; iterator.Valid; iterator.Next())
            keys.Add(Text(iterator.Key));
        return keys;
    }
}
