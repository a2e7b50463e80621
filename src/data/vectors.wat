;; The loops of loops.ts in vector instructions; `npm run vectors` makes vectors.wasm of it.
;;
;; Addresses are in bytes. Colours are mixed in lanes of 16 bits, which hold a byte times a weight of
;; 256, and rounded as in packed.ts. A label is mixed as the colours are, by 0 or 256, whichever its
;; pixel's weight is nearer to: so it is that of the nearest pixel. What is left at the end of a row is
;; computed by one more vector that ends where the row does, and so overlaps the one before: a row has at
;; least a vector's pixels, and is never written over what it is read from. Nothing is shared by calls,
;; which are made as they stand: they cost as much as what they would share.
(module
  (memory (export "memory") 0)

  ;; 16 pixels RGB and 16 labels at a time.
  (func (export "pack")
    (param $image i32) (param $labels i32) (param $to i32) (param $count i32)
    (local $x i32) (local $left i32) (local $at i32) (local $out i32) (local $label v128)
    (loop $next
      (local.set $at (i32.add (local.get $image) (i32.mul (local.get $x) (i32.const 3))))
      (local.set $out (i32.add (local.get $to) (i32.shl (local.get $x) (i32.const 2))))
      (local.set $label (v128.load (i32.add (local.get $labels) (local.get $x))))
      (v128.store (local.get $out)
        (i8x16.shuffle 0 1 2 16 3 4 5 17 6 7 8 18 9 10 11 19
          (v128.load (local.get $at)) (local.get $label)))
      (v128.store offset=16 (local.get $out)
        (i8x16.shuffle 0 1 2 20 3 4 5 21 6 7 8 22 9 10 11 23
          (v128.load offset=12 (local.get $at)) (local.get $label)))
      (v128.store offset=32 (local.get $out)
        (i8x16.shuffle 0 1 2 24 3 4 5 25 6 7 8 26 9 10 11 27
          (v128.load offset=24 (local.get $at)) (local.get $label)))
      (v128.store offset=48 (local.get $out)
        (i8x16.shuffle 4 5 6 28 7 8 9 29 10 11 12 30 13 14 15 31
          (v128.load offset=32 (local.get $at)) (local.get $label)))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 16))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 16) (local.get $left) (i32.ge_s (local.get $left) (i32.const 16)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0)))))

  (func (export "unpack")
    (param $from i32) (param $image i32) (param $labels i32) (param $count i32)
    (local $x i32) (local $left i32) (local $at i32) (local $out i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $next
      (local.set $at (i32.add (local.get $from) (i32.shl (local.get $x) (i32.const 2))))
      (local.set $out (i32.add (local.get $image) (i32.mul (local.get $x) (i32.const 3))))
      (local.set $a (v128.load (local.get $at)))
      (local.set $b (v128.load offset=16 (local.get $at)))
      (local.set $c (v128.load offset=32 (local.get $at)))
      (local.set $d (v128.load offset=48 (local.get $at)))
      (v128.store (local.get $out)
        (i8x16.shuffle 0 1 2 4 5 6 8 9 10 12 13 14 16 17 18 20 (local.get $a) (local.get $b)))
      (v128.store offset=16 (local.get $out)
        (i8x16.shuffle 5 6 8 9 10 12 13 14 16 17 18 20 21 22 24 25 (local.get $b) (local.get $c)))
      (v128.store offset=32 (local.get $out)
        (i8x16.shuffle 10 12 13 14 16 17 18 20 21 22 24 25 26 28 29 30 (local.get $c) (local.get $d)))
      (v128.store (i32.add (local.get $labels) (local.get $x))
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
          (i8x16.shuffle 3 7 11 15 19 23 27 31 3 7 11 15 19 23 27 31 (local.get $a) (local.get $b))
          (i8x16.shuffle 3 7 11 15 19 23 27 31 3 7 11 15 19 23 27 31 (local.get $c) (local.get $d))))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 16))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 16) (local.get $left) (i32.ge_s (local.get $left) (i32.const 16)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0)))))

  ;; Four pixels at a time: their upper neighbours $p and $q to the right, their lower ones $r and $s.
  (func (export "interpolate")
    (param $pixels i32) (param $stride i32) (param $u i32) (param $v i32) (param $du i32) (param $dv i32)
    (param $to i32) (param $count i32)
    (local $x i32) (local $left i32) (local $i0 i32) (local $i1 i32) (local $i2 i32) (local $i3 i32)
    (local $dus v128) (local $dvs v128) (local $at v128) (local $even v128) (local $odd v128)
    (local $p v128) (local $q v128) (local $r v128) (local $s v128) (local $right v128) (local $down v128)
    (local $low v128) (local $high v128) (local $rest v128) (local $restHigh v128)
    (local $top v128) (local $topHigh v128) (local $bottom v128) (local $bottomHigh v128)
    (local $half v128) (local $one v128)
    (local.set $half (v128.const i16x8 128 128 128 128 128 128 128 128))
    (local.set $one (v128.const i16x8 256 256 256 256 256 256 256 256))
    (local.set $dus (i32x4.mul (i32x4.splat (local.get $du)) (v128.const i32x4 0 1 2 3)))
    (local.set $dvs (i32x4.mul (i32x4.splat (local.get $dv)) (v128.const i32x4 0 1 2 3)))
    (loop $next
      (local.set $right (i32x4.add (local.get $dus)
        (i32x4.splat (i32.add (local.get $u) (i32.mul (local.get $du) (local.get $x))))))
      (local.set $down (i32x4.add (local.get $dvs)
        (i32x4.splat (i32.add (local.get $v) (i32.mul (local.get $dv) (local.get $x))))))
      (local.set $at
        (i32x4.add
          (i32x4.add (i32x4.splat (local.get $pixels))
            (i32x4.shl (i32x4.shr_s (local.get $right) (i32.const 16)) (i32.const 2)))
          (i32x4.mul (i32x4.shr_s (local.get $down) (i32.const 16)) (i32x4.splat (local.get $stride)))))
      (local.set $i0 (i32x4.extract_lane 0 (local.get $at)))
      (local.set $i1 (i32x4.extract_lane 1 (local.get $at)))
      (local.set $i2 (i32x4.extract_lane 2 (local.get $at)))
      (local.set $i3 (i32x4.extract_lane 3 (local.get $at)))
      (local.set $even (v128.load64_lane 1 (local.get $i1) (v128.load64_zero (local.get $i0))))
      (local.set $odd (v128.load64_lane 1 (local.get $i3) (v128.load64_zero (local.get $i2))))
      (local.set $p
        (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $even) (local.get $odd)))
      (local.set $q
        (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $even) (local.get $odd)))
      (local.set $even
        (v128.load64_lane 1 (i32.add (local.get $i1) (local.get $stride))
          (v128.load64_zero (i32.add (local.get $i0) (local.get $stride)))))
      (local.set $odd
        (v128.load64_lane 1 (i32.add (local.get $i3) (local.get $stride))
          (v128.load64_zero (i32.add (local.get $i2) (local.get $stride)))))
      (local.set $r
        (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $even) (local.get $odd)))
      (local.set $s
        (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $even) (local.get $odd)))
      (local.set $right
        (v128.and (i32x4.shr_u (local.get $right) (i32.const 8))
          (v128.const i32x4 255 255 255 255)))
      (local.set $right
        (v128.or (local.get $right)
          (i32x4.shl
            (v128.and (i32x4.add (local.get $right) (v128.const i32x4 128 128 128 128))
              (v128.const i32x4 256 256 256 256))
            (i32.const 16))))
      (local.set $low (i8x16.shuffle 0 1 0 1 0 1 2 3 4 5 4 5 4 5 6 7 (local.get $right) (local.get $right)))
      (local.set $high
        (i8x16.shuffle 8 9 8 9 8 9 10 11 12 13 12 13 12 13 14 15 (local.get $right) (local.get $right)))
      (local.set $rest (i16x8.sub (local.get $one) (local.get $low)))
      (local.set $restHigh (i16x8.sub (local.get $one) (local.get $high)))
      (local.set $top
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $p)) (local.get $rest))
              (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $q)) (local.get $low)))
            (local.get $half))
          (i32.const 8)))
      (local.set $topHigh
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $p)) (local.get $restHigh))
              (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $q)) (local.get $high)))
            (local.get $half))
          (i32.const 8)))
      (local.set $bottom
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $r)) (local.get $rest))
              (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $s)) (local.get $low)))
            (local.get $half))
          (i32.const 8)))
      (local.set $bottomHigh
        (i16x8.shr_u
          (i16x8.add
            (i16x8.add
              (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $r)) (local.get $restHigh))
              (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $s)) (local.get $high)))
            (local.get $half))
          (i32.const 8)))
      (local.set $down
        (v128.and (i32x4.shr_u (local.get $down) (i32.const 8))
          (v128.const i32x4 255 255 255 255)))
      (local.set $down
        (v128.or (local.get $down)
          (i32x4.shl
            (v128.and (i32x4.add (local.get $down) (v128.const i32x4 128 128 128 128))
              (v128.const i32x4 256 256 256 256))
            (i32.const 16))))
      (local.set $low (i8x16.shuffle 0 1 0 1 0 1 2 3 4 5 4 5 4 5 6 7 (local.get $down) (local.get $down)))
      (local.set $high
        (i8x16.shuffle 8 9 8 9 8 9 10 11 12 13 12 13 12 13 14 15 (local.get $down) (local.get $down)))
      (v128.store (i32.add (local.get $to) (i32.shl (local.get $x) (i32.const 2)))
        (i8x16.narrow_i16x8_u
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (local.get $top) (i16x8.sub (local.get $one) (local.get $low)))
                (i16x8.mul (local.get $bottom) (local.get $low)))
              (local.get $half))
            (i32.const 8))
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (local.get $topHigh) (i16x8.sub (local.get $one) (local.get $high)))
                (i16x8.mul (local.get $bottomHigh) (local.get $high)))
              (local.get $half))
            (i32.const 8))))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 4))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 4) (local.get $left) (i32.ge_s (local.get $left) (i32.const 4)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0)))))

  (func (export "stretchRow")
    (param $row i32) (param $first i32) (param $weight i32) (param $to i32) (param $count i32)
    (local $x i32) (local $left i32) (local $offset i32) (local $at v128) (local $even v128) (local $odd v128)
    (local $i0 i32) (local $i1 i32) (local $i2 i32) (local $i3 i32) (local $p v128) (local $q v128)
    (local $right v128) (local $low v128) (local $high v128) (local $half v128) (local $one v128)
    (local.set $half (v128.const i16x8 128 128 128 128 128 128 128 128))
    (local.set $one (v128.const i16x8 256 256 256 256 256 256 256 256))
    (loop $next
      (local.set $offset (i32.shl (local.get $x) (i32.const 2)))
      (local.set $at
        (i32x4.add (i32x4.splat (local.get $row))
          (i32x4.shl (v128.load (i32.add (local.get $first) (local.get $offset))) (i32.const 2))))
      (local.set $i0 (i32x4.extract_lane 0 (local.get $at)))
      (local.set $i1 (i32x4.extract_lane 1 (local.get $at)))
      (local.set $i2 (i32x4.extract_lane 2 (local.get $at)))
      (local.set $i3 (i32x4.extract_lane 3 (local.get $at)))
      (local.set $even (v128.load64_lane 1 (local.get $i1) (v128.load64_zero (local.get $i0))))
      (local.set $odd (v128.load64_lane 1 (local.get $i3) (v128.load64_zero (local.get $i2))))
      (local.set $p
        (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $even) (local.get $odd)))
      (local.set $q
        (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $even) (local.get $odd)))
      (local.set $right (v128.load (i32.add (local.get $weight) (local.get $offset))))
      (local.set $right
        (v128.or (local.get $right)
          (i32x4.shl
            (v128.and (i32x4.add (local.get $right) (v128.const i32x4 128 128 128 128))
              (v128.const i32x4 256 256 256 256))
            (i32.const 16))))
      (local.set $low (i8x16.shuffle 0 1 0 1 0 1 2 3 4 5 4 5 4 5 6 7 (local.get $right) (local.get $right)))
      (local.set $high
        (i8x16.shuffle 8 9 8 9 8 9 10 11 12 13 12 13 12 13 14 15 (local.get $right) (local.get $right)))
      (v128.store (i32.add (local.get $to) (local.get $offset))
        (i8x16.narrow_i16x8_u
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $p))
                  (i16x8.sub (local.get $one) (local.get $low)))
                (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $q)) (local.get $low)))
              (local.get $half))
            (i32.const 8))
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $p))
                  (i16x8.sub (local.get $one) (local.get $high)))
                (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $q)) (local.get $high)))
              (local.get $half))
            (i32.const 8))))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 4))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 4) (local.get $left) (i32.ge_s (local.get $left) (i32.const 4)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0)))))

  (func (export "mixRows")
    (param $upper i32) (param $lower i32) (param $weight i32) (param $to i32) (param $count i32)
    (local $x i32) (local $left i32) (local $offset i32) (local $p v128) (local $q v128)
    (local $low v128) (local $rest v128) (local $half v128) (local $one v128)
    (local.set $half (v128.const i16x8 128 128 128 128 128 128 128 128))
    (local.set $one (v128.const i16x8 256 256 256 256 256 256 256 256))
    (local.set $low
      (i64x2.splat
        (i64.or
          (i64.mul (i64.extend_i32_u (local.get $weight)) (i64.const 0x000100010001))
          (i64.shl
            (i64.extend_i32_u (i32.and (i32.add (local.get $weight) (i32.const 128)) (i32.const 256)))
            (i64.const 48)))))
    (local.set $rest (i16x8.sub (local.get $one) (local.get $low)))
    (loop $next
      (local.set $offset (i32.shl (local.get $x) (i32.const 2)))
      (local.set $p (v128.load (i32.add (local.get $upper) (local.get $offset))))
      (local.set $q (v128.load (i32.add (local.get $lower) (local.get $offset))))
      (v128.store (i32.add (local.get $to) (local.get $offset))
        (i8x16.narrow_i16x8_u
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $p)) (local.get $rest))
                (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $q)) (local.get $low)))
              (local.get $half))
            (i32.const 8))
          (i16x8.shr_u
            (i16x8.add
              (i16x8.add
                (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $p)) (local.get $rest))
                (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $q)) (local.get $low)))
              (local.get $half))
            (i32.const 8))))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 4))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 4) (local.get $left) (i32.ge_s (local.get $left) (i32.const 4)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0)))))

  ;; One row, of five rows of $width pixels: 1-4-6-4-1 downwards into $room, in 16 bits a byte and with two pixels
  ;; mirrored at either end, and then across from pixel $start on. Labels are those of the row in the middle.
  (func (export "blurRow")
    (param $r0 i32) (param $r1 i32) (param $r2 i32) (param $r3 i32) (param $r4 i32) (param $width i32)
    (param $room i32) (param $start i32) (param $to i32) (param $count i32)
    (local $x i32) (local $left i32) (local $offset i32) (local $sums i32) (local $half v128) (local $six v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $e v128)
    (local.set $half (v128.const i16x8 128 128 128 128 128 128 128 128))
    (local.set $six (v128.const i16x8 6 6 6 6 6 6 6 6))
    (local.set $sums (i32.add (local.get $room) (i32.const 16)))
    (loop $next
      (local.set $offset (i32.shl (local.get $x) (i32.const 2)))
      (local.set $a (v128.load (i32.add (local.get $r0) (local.get $offset))))
      (local.set $b (v128.load (i32.add (local.get $r1) (local.get $offset))))
      (local.set $c (v128.load (i32.add (local.get $r2) (local.get $offset))))
      (local.set $d (v128.load (i32.add (local.get $r3) (local.get $offset))))
      (local.set $e (v128.load (i32.add (local.get $r4) (local.get $offset))))
      (local.set $offset (i32.add (local.get $sums) (i32.shl (local.get $x) (i32.const 3))))
      (v128.store (local.get $offset)
        (i16x8.add
          (i16x8.add
            (i16x8.add (i16x8.extend_low_i8x16_u (local.get $a)) (i16x8.extend_low_i8x16_u (local.get $e)))
            (i16x8.shl (i16x8.add (i16x8.extend_low_i8x16_u (local.get $b)) (i16x8.extend_low_i8x16_u (local.get $d))) (i32.const 2)))
          (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $c)) (local.get $six))))
      (v128.store offset=16 (local.get $offset)
        (i16x8.add
          (i16x8.add
            (i16x8.add (i16x8.extend_high_i8x16_u (local.get $a)) (i16x8.extend_high_i8x16_u (local.get $e)))
            (i16x8.shl (i16x8.add (i16x8.extend_high_i8x16_u (local.get $b)) (i16x8.extend_high_i8x16_u (local.get $d))) (i32.const 2)))
          (i16x8.mul (i16x8.extend_high_i8x16_u (local.get $c)) (local.get $six))))
      (local.set $left (i32.sub (local.get $width) (i32.add (local.get $x) (i32.const 4))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 4) (local.get $left) (i32.ge_s (local.get $left) (i32.const 4)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0))))
    (i64.store (local.get $room) (i64.load offset=32 (local.get $room)))
    (i64.store offset=8 (local.get $room) (i64.load offset=24 (local.get $room)))
    (local.set $offset (i32.add (local.get $sums) (i32.shl (local.get $width) (i32.const 3))))
    (i64.store (local.get $offset) (i64.load (i32.sub (local.get $offset) (i32.const 16))))
    (i64.store offset=8 (local.get $offset) (i64.load (i32.sub (local.get $offset) (i32.const 24))))
    (local.set $x (i32.const 0))
    (loop $next
      (local.set $offset
        (i32.add (local.get $room) (i32.shl (i32.add (local.get $start) (local.get $x)) (i32.const 3))))
      (v128.store (i32.add (local.get $to) (i32.shl (local.get $x) (i32.const 2)))
        (v128.bitselect
          (v128.load
            (i32.add (local.get $r2) (i32.shl (i32.add (local.get $start) (local.get $x)) (i32.const 2))))
          (i8x16.narrow_i16x8_u
            (i16x8.shr_u
              (i16x8.add
                (i16x8.add
                  (i16x8.add
                    (i16x8.add (v128.load (local.get $offset)) (v128.load offset=32 (local.get $offset)))
                    (i16x8.shl (i16x8.add (v128.load offset=8 (local.get $offset)) (v128.load offset=24 (local.get $offset))) (i32.const 2)))
                  (i16x8.mul (v128.load offset=16 (local.get $offset)) (local.get $six)))
                (local.get $half))
              (i32.const 8))
            (i16x8.shr_u
              (i16x8.add
                (i16x8.add
                  (i16x8.add
                    (i16x8.add (v128.load offset=16 (local.get $offset)) (v128.load offset=48 (local.get $offset)))
                    (i16x8.shl (i16x8.add (v128.load offset=24 (local.get $offset)) (v128.load offset=40 (local.get $offset))) (i32.const 2)))
                  (i16x8.mul (v128.load offset=32 (local.get $offset)) (local.get $six)))
                (local.get $half))
              (i32.const 8)))
          (v128.const i32x4 0xff000000 0xff000000 0xff000000 0xff000000)))
      (local.set $left (i32.sub (local.get $count) (i32.add (local.get $x) (i32.const 4))))
      (local.set $x (i32.add (local.get $x)
        (select (i32.const 4) (local.get $left) (i32.ge_s (local.get $left) (i32.const 4)))))
      (br_if $next (i32.gt_s (local.get $left) (i32.const 0))))))
