using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Client.Tests;

public sealed class PositionTests
{
    private static readonly DateTimeOffset Now = new(2026, 2, 14, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Position> Positions = Gen.OneOf(
        Gen.Constant(Position.Start),
        Gen.Constant(Position.End),
        Gen.Choose(0, int.MaxValue).Select(n => Position.At(n)),
        Gen.Choose(0, int.MaxValue).Select(n => Position.AfterStart(n)),
        Gen.Choose(0, int.MaxValue).Select(n => Position.BeforeEnd(n)),
        ArbMap.Default.GeneratorFor<long>().Select(Position.AtTimestampMs));

    public static TheoryData<string, PositionKind, long> Texts => new()
    {
        { "start", PositionKind.AfterStart, 0 },
        { "end", PositionKind.BeforeEnd, 0 },
        { "47", PositionKind.Offset, 47 },
        { "0", PositionKind.Offset, 0 },
        { "+10", PositionKind.AfterStart, 10 },
        { "-10", PositionKind.BeforeEnd, 10 },
        { "@2026-02-14", PositionKind.Timestamp, Ms(2026, 2, 14) },
        { "@2026-02-14T08:30", PositionKind.Timestamp, Ms(2026, 2, 14, 8, 30) },
        { "@2026-02-14T08:30:05.250Z", PositionKind.Timestamp, Ms(2026, 2, 14, 8, 30, 5) + 250 },
        { "@2026-02-14T08:30:00+02:00", PositionKind.Timestamp, Ms(2026, 2, 14, 6, 30) },
        { "@1771027200", PositionKind.Timestamp, 1771027200000 },
        { "@1771027200000", PositionKind.Timestamp, 1771027200000 },
        { "@-1h", PositionKind.Timestamp, Ms(2026, 2, 14, 11) },
        { "@-250ms", PositionKind.Timestamp, Ms(2026, 2, 14, 12) - 250 },
        { "@-2w", PositionKind.Timestamp, Ms(2026, 1, 31, 12) },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void TheGrammarIsThatOfTheCommandLine(string text, PositionKind kind, long value)
    {
        Position position = Position.Parse(text, new FakeTimeProvider(Now));
        Assert.Equal(kind, position.Kind);
        Assert.Equal(value, position.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("begin")]
    [InlineData("4 7")]
    [InlineData("+")]
    [InlineData("-")]
    [InlineData("--1")]
    [InlineData("+-1")]
    [InlineData("@")]
    [InlineData("@-")]
    [InlineData("@-1y")]
    [InlineData("@-99999999999999w")]
    [InlineData("@2026-13-01")]
    [InlineData("@2026-02-14T08")]
    [InlineData("99999999999999999999")]
    [InlineData("1e3")]
    public void WhatIsNoPositionIsRefusedWithAMessage(string text)
    {
        Assert.False(Position.TryParse(text, out _));
        var e = Assert.Throws<FormatException>(() => Position.Parse(text));
        Assert.Contains("is not a position", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryPositionIsReadBackFromItsText() =>
        Prop.ForAll(Positions.ToArbitrary(), p => Position.Parse(p.ToString()) == p).QuickCheckThrowOnFailure();

    [Fact]
    public void EveryRangeIsReadBackFromItsText() =>
        Prop.ForAll(
            Positions.Zip(Positions).ToArbitrary(),
            pair => PositionRange.Parse(new PositionRange(pair.Item1, pair.Item2).ToString())
                == new PositionRange(pair.Item1, pair.Item2)).QuickCheckThrowOnFailure();

    [Fact]
    public void AnyTextIsEitherAPositionOrRefusedButNeverAnythingElse() =>
        Prop.ForAll<string>(text => Position.TryParse(text, out Position p) ? Position.Parse(p.ToString()) == p : true)
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("10:20", "10", "20")]
    [InlineData("10", "10", null)]
    [InlineData("10:", "10", null)]
    [InlineData(":20", "start", "20")]
    [InlineData("@-1h:end", "@2026-02-14T11:00:00.000Z", "end")]
    [InlineData("@2026-02-14T08:30:@2026-02-14T09:30", "@2026-02-14T08:30:00.000Z", "@2026-02-14T09:30:00.000Z")]
    [InlineData("@2026-02-14T08:30", "@2026-02-14T08:30:00.000Z", null)]
    [InlineData("-10:end", "-10", "end")]
    public void RangesHaveTwoEnds(string text, string from, string? until)
    {
        PositionRange range = PositionRange.Parse(text, new FakeTimeProvider(Now));
        Assert.Equal(from, range.From.ToString());
        Assert.Equal(until, range.Until?.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("a:b")]
    [InlineData("1:2:3")]
    public void WhatIsNoRangeIsRefused(string text) => Assert.Throws<FormatException>(() => PositionRange.Parse(text));

    private static long Ms(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) =>
        new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).ToUnixTimeMilliseconds();
}
