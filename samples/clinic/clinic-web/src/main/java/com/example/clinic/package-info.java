/**
 * A small medical practice: the sample that is as large as a real application.
 */
@NullMarked
package com.example.clinic;

import org.jspecify.annotations.NullMarked;
