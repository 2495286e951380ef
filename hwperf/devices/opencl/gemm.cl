// c = a @ b for n x n matrices: a by rows, b by columns, so that both are read along k, c by rows.
// A group copies tiles of both into local memory, as vectors are wanted; each item keeps
// ROWS x WIDTH sums in registers.
//
// Given by the build: T, the elements in memory, and LOAD(p, i) and STORE(v, p, i) of them; R, what
// a sum is stored as; S, the type of the arithmetic, and SV, a vector of WIDTH of them;
// ITEMS_X x ITEMS_Y, the items of a group; DEPTH, how much of k a tile holds; ON_CPU, where an item
// reads a strip of its own rather than together with its neighbours.

#define ROWS 8
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define TILE_M (ITEMS_Y * ROWS)
#define TILE_N (ITEMS_X * WIDTH)
#define ITEMS (ITEMS_X * ITEMS_Y)

#if ON_CPU
// One strip of ROWS (of WIDTH) after another: an item walks through contiguous memory.
#define A_AT(k, m) (((m) / ROWS * DEPTH + (k)) * ROWS + (m) % ROWS)
#define B_AT(k, m) (((m) / WIDTH * DEPTH + (k)) * WIDTH + (m) % WIDTH)
// The sums of a tile are apart from those before: no barrier is passed with them, so they stay in
// registers where the items of a group are a loop.
#define PART(r) SV part##r = (SV)(0);
#define ADD(r) part##r += (SV)(a_here[r]) * b_now;
#define JOIN(r) sum##r += part##r;
#else
// One k after another: neighbouring items read neighbouring words.
#define A_AT(k, m) ((k) * TILE_M + (m))
#define B_AT(k, m) ((k) * TILE_N + (m))
#define PART(r)
#define ADD(r) sum##r += (SV)(a_here[r]) * b_now;
#define JOIN(r)
#endif

#if ON_CPU
// An item copies whole rows: what is read lies in one line after the other.
#define FETCH(tile, AT, wide, from, first)                                              \
    for (uint m = item; m < wide; m += ITEMS) {                                         \
        const uint there = first + m < n ? min(depth, n - k0) : 0;                      \
        const size_t row = (size_t)(first + m) * n + k0;                                \
        for (uint k = 0; k < there; k++)                                                \
            tile[AT(k, m)] = LOAD(from, row + k);                                       \
        for (uint k = there; k < depth; k++)                                            \
            tile[AT(k, m)] = 0;                                                         \
    }
#else
// Neighbouring items copy neighbouring words of a row.
#define FETCH(tile, AT, wide, from, first)                                              \
    for (uint i = item; i < wide * DEPTH; i += ITEMS) {                                 \
        const uint k = i % DEPTH, m = i / DEPTH;                                        \
        const bool is_inside = first + m < n && k0 + k < n;                             \
        tile[AT(k, m)] = is_inside ? LOAD(from, (size_t)(first + m) * n + k0 + k) : (S)0; \
    }
#endif

kernel __attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1)))
void gemm(global uchar *c_base, ulong c_at, global uchar *a_base, ulong a_at,
          global uchar *b_base, ulong b_at, uint n)
{
    global R *c = (global R *)(c_base + c_at);
    const global T *a = (const global T *)(a_base + a_at);
    const global T *b = (const global T *)(b_base + b_at);
    local S a_tile[DEPTH * TILE_M] __attribute__((aligned(64)));
    local S b_tile[DEPTH * TILE_N] __attribute__((aligned(64)));
    const uint x = get_local_id(0), y = get_local_id(1), item = y * ITEMS_X + x;
    const uint first_row = get_group_id(1) * TILE_M, first_column = get_group_id(0) * TILE_N;
    // DEPTH for every item, but the compiler must not know: PoCL would take an end that is the
    // same for all as leave to change this loop with that over the items, and spill the sums.
    const uint depth = DEPTH + (x >> 16);

    // Variables, not an array: compilers that unroll late would keep an array in memory.
#define START(r) SV sum##r = (SV)(0);
    EACH_ROW(START)
    for (uint k0 = 0; k0 < n; k0 += DEPTH) {
        FETCH(a_tile, A_AT, TILE_M, a, first_row)
        FETCH(b_tile, B_AT, TILE_N, b, first_column)
        barrier(CLK_LOCAL_MEM_FENCE);
        const local S *a_here = a_tile + A_AT(0, y * ROWS);
        const local S *b_here = b_tile + B_AT(0, x * WIDTH);
        EACH_ROW(PART)
        for (uint k = 0; k < depth; k++) {
            const SV b_now = *(const local SV *)b_here;
            EACH_ROW(ADD)
            a_here += A_AT(1, 0);
            b_here += B_AT(1, 0);
        }
        EACH_ROW(JOIN)
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const uint row = first_row + y * ROWS, column = first_column + x * WIDTH;
    union { SV vector; S each[WIDTH]; } last;
#define KEEP(r)                                                                         \
    last.vector = sum##r;                                                               \
    for (uint w = 0; w < WIDTH; w++)                                                    \
        if (row + r < n && column + w < n)                                              \
            STORE(last.each[w], c, (size_t)(row + r) * n + column + w);
    EACH_ROW(KEEP)
}
